// One image: from a device's main module to what mcconfig makes of it, with the checks that the SDK leaves out.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { checkMakefile, checkWarnings, type Warnings } from "./checks";
import { type Manifest, writeManifest } from "./manifest";
import { moduleVariables } from "./modules";
import type { Sdk } from "./sdk";

export const ROOT = join(import.meta.dirname, "../..");
/** Generated manifests, and what the SDK builds from them. */
export const OUT = join(ROOT, "build/firmware");

/** The image cannot be built as it must be: what is wrong, one line each. */
export class ImageError extends Error {
  constructor(what: string, complaints: readonly string[]) {
    super(`${what}:\n${complaints.map((line) => `  ${line}`).join("\n")}`);
  }
}

export interface Image {
  /** Folder of the generated manifest; its name is the image's. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** As mcconfig's -p takes it. */
  readonly platform: string;
  /** Modules that must be preloaded, ours and the wallet's: XS name to file. */
  readonly own: ReadonlyMap<string, string>;
  /** What lies beside the manifest: path to text. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes the manifest and lets mcconfig write the makefile; checks that all of ours is preloaded. Gives the makefile's path. */
export function configure(sdk: Sdk, image: Image): string {
  const path = writeManifest(image.folder, image.manifest, image.files);
  mkdirSync(join(OUT, "sdk"), { recursive: true });
  run(sdk, image, [path]);
  const makefile = makefileOf(image);
  const complaints = checkMakefile(readFileSync(makefile, "utf8"), {
    preload: image.manifest.preload,
    own: [...image.own.keys()],
  });
  if (complaints.length > 0)
    throw new ImageError(`${basename(image.folder)} is not the image that it should be`, complaints);
  return makefile;
}

/** Builds what `configure` prepared: compiles, links, and takes no warning about our modules. */
export function make(sdk: Sdk, image: Image, target?: "deploy"): Warnings {
  // xsl prints its warnings when it links, so it links each time.
  rmSync(join(dirname(makefileOf(image)), "mc.xs.c"), { force: true });
  const output = run(sdk, image, ["-m", ...(target ? ["-t", target] : []), join(image.folder, "manifest.json")]);
  const warnings = checkWarnings(output, sdk.path, moduleVariables(image.own.values()));
  if (warnings.ours.length > 0) throw new ImageError(`${basename(image.folder)}: the SDK's tools warn`, warnings.ours);
  return warnings;
}

function makefileOf(image: Image): string {
  const platform = image.platform.replace(/^x-cli-/, "");
  return join(OUT, "sdk/tmp", platform, "release", basename(image.folder), "makefile");
}

function run(sdk: Sdk, image: Image, given: readonly string[]): string {
  const result = spawnSync("mcconfig", ["-p", image.platform, "-o", join(OUT, "sdk"), ...given], {
    cwd: image.folder,
    env: sdk.env,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const output = `${result.stdout}\n${result.stderr}`;
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new ImageError(
      `${basename(image.folder)}: mcconfig failed`,
      output.split("\n").filter((line) => line.trim() !== "" && !/^# |^### warning/.test(line)),
    );
  }
  return output;
}
