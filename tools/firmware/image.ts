// One image: from a device's main module to what mcconfig makes of it, with the checks that the SDK
// leaves out.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { checkMakefile, checkRegexps, checkWarnings, modulesFrom, type Warnings } from "./checks";
import { addComponents, checkRelayEnds } from "./components";
import { definesIn, includeFolders, missingHeaders, moduleSources, platformSources } from "./headers";
import { hold } from "./lock";
import { type Files, type Manifest, writeManifest } from "./manifest";
import { buildFlags } from "./native";
import type { Sdk } from "./sdk";
import { checkFinal } from "./sdkconfig";
import { forgetStale } from "./stale";

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
  /** Folder of modules that stand in for the SDK's and are on no device. */
  readonly standIns?: string;
  readonly files?: Files;
}

/**
 * Waits for another build in this checkout to be done, and keeps others waiting as long as this
 * process lives.
 */
export function holdBuilds(): Promise<void> {
  return hold(join(OUT, "lock"));
}

/**
 * Writes the manifest and lets mcconfig write the makefile; checks that all of ours is preloaded,
 * and for a chip that the SDK's headers will be found. Gives the makefile's path.
 */
export function configure(sdk: Sdk, image: Image): string {
  const path = writeManifest(image.folder, image.manifest, image.files);
  mkdirSync(join(OUT, "sdk"), { recursive: true });
  run(sdk, image, [path]);
  const makefile = makefileOf(image);
  const text = readFileSync(makefile, "utf8");
  const complaints = checkMakefile(text, { preload: image.manifest.preload, own: [...image.own.keys()] });
  if (image.manifest.build?.ESP32_SUBCLASS) {
    const files = [...platformSources(sdk.path), ...moduleSources(text)];
    const defines = definesIn(readFileSync(join(dirname(makefile), "mc.defines.h"), "utf8"));
    const folders = includeFolders(buildFlags(sdk, makefile));
    complaints.push(...missingHeaders({ sdk: sdk.path, files, folders, defines }));
  }
  if (complaints.length > 0)
    throw new ImageError(`${basename(image.folder)} is not the image that it should be`, complaints);
  return makefile;
}

/** Builds what `configure` prepared: compiles and links, and flashes nothing. */
export function make(sdk: Sdk, image: Image): Warnings {
  const folder = dirname(makefileOf(image));
  // xsl prints its warnings when it links, so it links each time.
  rmSync(join(folder, "mc.xs.c"), { force: true });
  // For a chip the SDK's makefile goes on when ESP-IDF's build failed, with what an earlier one
  // left.
  const chip = image.manifest.build?.ESP32_SUBCLASS;
  if (chip) {
    rmSync(join(folder, `xsProj-${chip}/build/xs_esp32.elf`), { force: true });
    addComponents(ROOT, folder, chip);
    forgetStale(folder, { ran: image.folder, generated: OUT });
  }
  // Its first target would flash the chip as well.
  const warnings = checkLinked(
    sdk,
    image,
    run(sdk, image, ["-m", ...(chip ? ["-t", "build"] : []), manifestOf(image)]),
  );
  if (chip) checkBuilt(image, chip);
  return warnings;
}

/** What ESP-IDF's build may have left out of a chip's image without a word. */
function checkBuilt(image: Image, chip: string): void {
  const name = basename(image.folder);
  const symbols = readFileSync(join(OUT, "sdk/bin", image.platform, "release", name, `xs_${chip}.sym`), "utf8");
  const final = readFileSync(join(dirname(makefileOf(image)), `xsProj-${chip}/sdkconfig`), "utf8");
  const wanted = readFileSync(join(image.folder, "sdkconfig/sdkconfig.defaults"), "utf8");
  const complaints = [...checkRelayEnds(symbols), ...checkFinal(wanted, final)];
  if (complaints.length > 0) throw new ImageError(`${name} is not the image that it should be`, complaints);
}

/** Flashes what `make` built. */
export function deploy(sdk: Sdk, image: Image): void {
  run(sdk, image, ["-m", "-t", "deploy", manifestOf(image)]);
}

/**
 * Takes no warning about our modules, and no regular expression in flash. `output`: what the tools
 * printed.
 */
export function checkLinked(sdk: Sdk, image: Image, output: string): Warnings {
  const name = basename(image.folder);
  const makefile = makefileOf(image);
  const theirs = modulesFrom(readFileSync(makefile, "utf8"), [sdk.path, ...(image.standIns ? [image.standIns] : [])]);
  const warnings = checkWarnings(output, sdk.idf ? [sdk.path, sdk.idf] : [sdk.path], theirs);
  if (warnings.ours.length > 0) {
    forgetCompiled(dirname(makefile));
    throw new ImageError(`${name}: the SDK's tools warn`, warnings.ours);
  }
  const sources = [...image.own].map(([module, file]) => [module, readFileSync(file, "utf8")] as const);
  const regexps = checkRegexps(readFileSync(join(dirname(makefile), "mc.xs.c"), "utf8"), new Map(sources));
  if (regexps.length > 0) throw new ImageError(`${name}: regular expressions in flash`, regexps);
  return warnings;
}

/**
 * Compilers warn once: what they warned of, C or (xsc) JavaScript, is compiled again, so that the
 * next build does not pass in silence.
 */
export function forgetCompiled(folder: string): void {
  for (const file of readdirSync(folder, { encoding: "utf8", recursive: true }))
    if (/^[^/]*\.o$|^modules\/.*\.xsb$/.test(file)) rmSync(join(folder, file));
}

function manifestOf(image: Image): string {
  return join(image.folder, "manifest.json");
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
