// ESP-IDF components of ours, which the SDK's project has no place for: firmware/idf is copied into
// the project that the SDK generates for an image, where ESP-IDF looks for a project's own
// components.

import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const FUNCTIONS = ["esp_panic_handler", "esp_restart_noos"];

/** `generated`: the folder of the image's makefile. */
export function addComponents(root: string, generated: string, chip: string): void {
  const from = join(root, "firmware/idf");
  const project = join(generated, `xsProj-${chip}`);
  const to = join(project, "components");
  if (readAll(from) === (existsSync(to) ? readAll(to) : "")) return;
  cpSync(from, to, { recursive: true });
  // ESP-IDF's build looks for components when it is configured, and the SDK has it configured when
  // there is no such file.
  rmSync(join(project, "build/config/sdkconfig.h"), { force: true });
}

function readAll(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
}

/**
 * What an image's table of symbols (objdump -t) lacks: without the link's options nobody calls
 * these, and they are left out.
 */
export function checkRelayEnds(symbols: string): string[] {
  const names = new Set(symbols.split("\n").map((line) => line.slice(line.lastIndexOf(" ") + 1)));
  return FUNCTIONS.filter((name) => !names.has(`__wrap_${name}`)).map(
    (name) => `${name} does not open the relay first: __wrap_${name} is not in the image (firmware/idf/relay_ends)`,
  );
}
