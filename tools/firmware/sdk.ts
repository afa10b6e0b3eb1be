// Finds what the firmware is built with and is not ours: the Moddable SDK ($MODDABLE) and ESP-IDF
// ($IDF_PATH). What is missing is said in one line, with the command that installs it.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UsageError } from "./targets";

const ROOT = join(import.meta.dirname, "../..");
const TOOLS = ["mcconfig", "xsc", "xsid", "xsl"] as const;

export interface Sdk {
  /** The SDK's root. */
  readonly path: string;
  readonly version: string;
  /** ESP-IDF's root, where there is one. */
  readonly idf?: string;
  /** For the SDK's programs: they call each other and tsc by name. */
  readonly env: NodeJS.ProcessEnv;
}

/** Why there is no SDK, in one line; undefined when there is one. */
export function sdkMissing(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const path = env.MODDABLE;
  if (!path) return "The Moddable SDK is missing ($MODDABLE is not set). Install it: npx xs-dev setup";
  if (!existsSync(join(path, "tools/mcconfig"))) {
    return `The Moddable SDK is missing: $MODDABLE is ${path}, which holds none. Install it: npx xs-dev setup`;
  }
  const missing = TOOLS.filter((tool) => !findTool(path, tool, env));
  if (missing.length === 0) return undefined;
  return `The Moddable SDK's ${missing.join(", ")} are not built. Build its tools: npx xs-dev update`;
}

export function findSdk(env: NodeJS.ProcessEnv = process.env): Sdk {
  const missing = sdkMissing(env);
  if (missing) throw new UsageError(missing);
  const path = env.MODDABLE as string;
  const folders = [join(ROOT, "node_modules/.bin"), binariesOf(path), env.PATH ?? ""];
  return {
    path,
    version: readFileSync(join(path, "tools/VERSION"), "utf8").trim(),
    ...(env.IDF_PATH ? { idf: env.IDF_PATH } : {}),
    // Manifests name folders of ESP-IDF; mcconfig resolves them also where nothing is built for a
    // chip.
    env: { IDF_PATH: path, ...env, PATH: folders.join(delimiter) },
  };
}

/** Why nothing can be built for a chip, in one line; undefined when it can. */
export function idfMissing(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const path = env.IDF_PATH;
  if (!path) return "ESP-IDF is missing ($IDF_PATH is not set). Install it: npx xs-dev setup --device esp32";
  if (!existsSync(join(path, "tools/idf.py"))) {
    return `ESP-IDF is missing: $IDF_PATH is ${path}, without tools/idf.py. Install it: npx xs-dev setup --device esp32`;
  }
  return undefined;
}

function binariesOf(sdk: string): string {
  return join(sdk, "build/bin", process.platform === "darwin" ? "mac" : "lin", "release");
}

function findTool(sdk: string, tool: string, env: NodeJS.ProcessEnv): boolean {
  const folders = [binariesOf(sdk), ...(env.PATH ?? "").split(delimiter)];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, tool)));
}
