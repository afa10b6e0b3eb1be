// npm run firmware: builds a device's image with the Moddable SDK and ESP-IDF, and flashes it.
//
//   npm run firmware -- --device cable|socket|calibrator --target esp32|esp32s3|esp32c3|esp32c6 [--config FILE] [--mainnet] [--deploy]
//   npm run firmware -- --check          every manifest, as far as the installed tools go
//
// docs/building.md has the settings.

import { relative } from "node:path";
import { type Command, type Given, run } from "../command";
import { check } from "./check";
import { type BuildConfig, checkComplete, imageConfig, readConfig } from "./config";
import { deviceImage } from "./device";
import { configure, deploy, holdBuilds, make } from "./image";
import { findSdk, idfMissing } from "./sdk";
import { IMAGES, type ImageName, imageNamed, TARGETS, type Target, targetNamed, UsageError } from "./targets";
import { writeUpdate } from "./update-file";

type Name = "device" | "target" | "config" | "mainnet" | "deploy" | "check";

const COMMAND: Command<Name> = {
  name: "npm run firmware",
  about: "builds the image of a device for a chip, and flashes it",
  options: {
    device: { takes: IMAGES.join("|"), about: "what is built" },
    target: { takes: Object.keys(TARGETS).join("|"), about: "for which chip" },
    config: { takes: "FILE", about: "the owner's settings and what the build decides, as JSON (docs/building.md)" },
    mainnet: { about: "says once more that real money is meant" },
    deploy: { about: "flashes what was built" },
    check: { about: "checks manifests and native code as far as the installed tools allow; builds nothing" },
  },
  more: "It wants the Moddable SDK ($MODDABLE) and ESP-IDF ($IDF_PATH).",
};

async function main(given: Given<Name>): Promise<void> {
  if (given.has("check")) return check();
  const device = imageNamed(given.text("device"));
  const target = targetNamed(given.text("target"));
  const config = imageConfig(readConfig(given.text("config")), device, target, given.has("mainnet"));
  const sdk = findSdk();
  const missing = idfMissing();
  if (missing) throw new UsageError(missing);
  checkComplete(config, device);
  for (const line of notes(device, target, config)) console.log(line);
  const image = await deviceImage(device, target, config);
  await holdBuilds();
  configure(sdk, image);
  const { aliases } = make(sdk, image);
  console.log(
    `Built ${device} for ${target.name}: ${image.own.size} modules in flash, ${aliases} places of RAM for what is not constant`,
  );
  if (device !== "calibrator" && config.flash === "8MB")
    console.log(
      `For an update: ${relative(process.cwd(), writeUpdate(device, target, config, image))} (docs/owner.md)`,
    );
  if (!given.has("deploy")) return;
  deploy(sdk, image);
  console.log("Flashed.");
}

/** What the build decides and a person may want otherwise. */
function notes(device: ImageName, target: Target, config: BuildConfig): string[] {
  if (device === "calibrator")
    return [
      `calibrator for ${target.name}, console on pins ${config.image.receive} (in) and ${config.image.transmit} (out)`,
      "It closes the relay for anybody who asks over its serial port: flash the device's own image when it is done (docs/metering.md)",
    ];
  const slots =
    config.flash === "8MB"
      ? `8 MB of flash: two slots; ${config.image.updateKey === undefined ? "without an updateKey it takes no update over the link" : "it takes updates that updateKey signed"} (docs/owner.md)`
      : "4 MB of flash: one slot, updates come over the serial port only (npm run firmware -- --deploy)";
  const lines = [`${device} for ${target.name}, ${config.link}, network ${config.network}`, slots];
  if (config.encrypted) lines.push("Flash and NVS get encrypted: the first start burns eFuses, which cannot be undone");
  if (config.key !== undefined)
    lines.push("The key is not part of the image: write it with `npx tsx tools/firmware/provision.ts` (docs/keys.md)");
  return lines;
}

await run(COMMAND, main);
