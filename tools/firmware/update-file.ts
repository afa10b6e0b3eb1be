// What an update takes of a build: the image under a name of its own, and beside it what it is,
// which `npm run owner -- sign` reads.

import { copyFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VERSION } from "../../shared/kernel/version";
import { journalsOf } from "../../shared/owner/journals";
import { ABOUT_SUFFIX, type About } from "../owner/sign";
import type { BuildConfig } from "./config";
import { type Image, OUT } from "./image";
import type { DeviceName, Target, TargetName } from "./targets";

/** As the device names itself (firmware/native/restart-esp32.c). */
const CHIPS: Readonly<Record<TargetName, string>> = {
  esp32: "ESP32",
  esp32s3: "ESP32-S3",
  esp32c3: "ESP32-C3",
  esp32c6: "ESP32-C6",
};

export function aboutOf(device: DeviceName, target: Target, { network }: BuildConfig): About {
  return { device, chip: CHIPS[target.name], network, version: VERSION, journals: journalsOf(device) };
}

/** Gives the image's path. */
export function writeUpdate(device: DeviceName, target: Target, config: BuildConfig, image: Image): string {
  const name = basename(image.folder);
  const path = join(OUT, `${name}-${VERSION}.bin`);
  copyFileSync(join(OUT, "sdk/bin", image.platform, "release", name, "xs_esp32.bin"), path);
  writeFileSync(`${path}${ABOUT_SUFFIX}`, `${JSON.stringify(aboutOf(device, target, config))}\n`);
  return path;
}
