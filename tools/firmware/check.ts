// npm run firmware -- --check: every manifest that can be generated, as far as the installed tools
// go. Says what it did, and what it could not do and why.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { imageConfig } from "./config";
import { deviceImage, linkOnly } from "./device";
import { configure, holdBuilds, type Image, OUT, ROOT } from "./image";
import { compileNative, nativeMissing, unknownSettings } from "./native";
import { findSdk, idfMissing, type Sdk, sdkMissing } from "./sdk";
import { DEVICES, type DeviceName, type ImageName, type Link, TARGETS, type Target, UsageError } from "./targets";

interface Variant {
  readonly device: ImageName;
  readonly target: Target;
  readonly link: Link;
  /** With the socket's own access point. */
  readonly direct?: true;
}

/** Every image of a device that can be asked for. */
export const VARIANTS: readonly (Variant & { readonly device: DeviceName })[] = DEVICES.flatMap((device) =>
  Object.values(TARGETS).flatMap((target) => [
    ...target.links.map((link) => ({ device, target, link })),
    { device, target, link: "wifi" as const, direct: true as const },
  ]),
);
/** A board's calibrator has no link. */
const CALIBRATORS: readonly Variant[] = Object.values(TARGETS).map((target) => ({
  device: "calibrator",
  target,
  link: target.links[0] as Link,
}));

/**
 * One chip a kind of link has the modules of all; linking them says everything about JavaScript.
 */
const LINKED: Readonly<Record<Link, Target>> = {
  ethernet: TARGETS.esp32,
  wifi: TARGETS.esp32c6,
  qemu: TARGETS.esp32c3,
};

let failures = 0;
/** Where the linker put the names that C asks for; the same for every chip. */
let generated: string | undefined;
/** The makefile of an image with all of our C, for each chip. */
const makefiles = new Map<Target, string>();

function say(done: string, complaint = ""): void {
  if (complaint !== "") failures++;
  console.log(complaint === "" ? `ok       ${done}` : `FAILED   ${done}\n${complaint.replace(/^/gm, "           ")}`);
}

function skip(what: string, why: string): void {
  console.log(`skipped  ${what}: ${why}`);
}

export async function check(): Promise<void> {
  const missing = sdkMissing();
  const sdk = missing ? undefined : findSdk();
  if (sdk) await holdBuilds();
  for (const variant of [...VARIANTS, ...CALIBRATORS]) await checkVariant(sdk, variant);
  if (missing) skip("mcconfig and the linker", missing);
  checkSettings();
  checkNative(sdk);
  const idf = idfMissing();
  if (idf) skip("building for a chip", idf);
  if (failures > 0) throw new UsageError(`${failures} checks failed`);
}

async function checkVariant(sdk: Sdk | undefined, { device, target, link, direct }: Variant): Promise<void> {
  const remember = (makefile: string): void => {
    if (device === "socket") makefiles.set(target, makefile);
  };
  const name = `${device} for ${target.name}${device === "calibrator" ? "" : `, ${direct ? "direct" : link}`}`;
  await attempt(name, async () => {
    const image = await checkedImage({ device, target, link, ...(direct && { direct }) });
    if (!sdk) return "manifest generated";
    if (LINKED[link] !== target) {
      remember(configure(sdk, image));
      return "mcconfig, all of ours preloaded";
    }
    const linked = linkOnly(sdk, image, target);
    remember(join(linked.generated, "makefile"));
    // A device's C asks for more names than the calibrator's.
    if (device !== "calibrator") generated = linked.generated;
    return `mcconfig, all of ours preloaded, linked (${linked.warnings.aliases} places of RAM for what is not constant)`;
  });
}

/**
 * Its manifest lies apart: beside a built image lies what that was built with, which the emulator's
 * command reads.
 */
export async function checkedImage({ device, target, link, direct }: Variant): Promise<Image> {
  const config = imageConfig({ link, ...(direct && { direct }) }, device, target, false);
  const image = await deviceImage(device, target, config);
  return { ...image, folder: join(OUT, "check", basename(image.folder)) };
}

async function attempt(name: string, action: () => Promise<string>): Promise<void> {
  try {
    say(`${name}: ${await action()}`);
  } catch (error) {
    say(name, (error as Error).message);
  }
}

/** Every setting of manifests/sdkconfig must be one that ESP-IDF knows. */
function checkSettings(): void {
  const idf = process.env.IDF_PATH;
  if (!idf || !existsSync(join(idf, "components"))) {
    skip("names in sdkconfig", "no ESP-IDF ($IDF_PATH)");
    return;
  }
  const unknown = unknownSettings(allSettings(), idf);
  say("names in sdkconfig", unknown.length > 0 ? `ESP-IDF does not know ${unknown.join(", ")}` : "");
}

/** Of all images together: what C is compiled with must be there. */
function allSettings(): string {
  const folder = join(ROOT, "manifests/sdkconfig");
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  return files.join("\n");
}

/** Our C, with every warning an error, for each chip that the installed compiler serves. */
function checkNative(sdk: Sdk | undefined): void {
  const idf = process.env.IDF_PATH;
  const folder = join(ROOT, "firmware/native");
  const sources = readdirSync(folder).filter((file) => file.endsWith(".c"));
  for (const target of Object.values(TARGETS)) {
    const makefile = makefiles.get(target);
    const missing = sdk && generated && makefile ? nativeMissing(target, idf) : "no image was linked";
    if (missing || !sdk || !generated || !idf || !makefile) {
      skip(`our C for ${target.name}`, missing ?? "");
      continue;
    }
    const paths = sources.map((file) => join(folder, file));
    const check = { sources: paths, target, sdk, idf, makefile, generated, settings: allSettings() };
    for (const [file, complaint] of compileNative(check)) {
      say(`${file} for ${target.name}`, complaint);
    }
  }
  if (idf && !existsSync(join(idf, "components/mbedtls/mbedtls/include"))) {
    skip("tls-esp32.c against mbedTLS's own headers", "this ESP-IDF has no mbedTLS (git submodule update --init)");
  }
}
