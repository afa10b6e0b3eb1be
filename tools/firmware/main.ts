// npm run firmware: builds a device's image with the Moddable SDK and ESP-IDF, and flashes it.
//
//   npm run firmware -- --device cable|socket|calibrator --target esp32|esp32s3|esp32c3|esp32c6 [--config FILE] [--mainnet] [--deploy]
//   npm run firmware -- --check          every manifest, as far as the installed tools go
//
// docs/building.md has the settings.

import { parseArgs } from "node:util";
import { check } from "./check";
import { type BuildConfig, checkComplete, imageConfig, readConfig } from "./config";
import { deviceImage } from "./device";
import { configure, deploy, holdBuilds, ImageError, make } from "./image";
import { findSdk, idfMissing } from "./sdk";
import { type ImageName, imageNamed, type Target, targetNamed, UsageError } from "./targets";

const OPTIONS = {
  device: { type: "string" },
  target: { type: "string" },
  config: { type: "string" },
  mainnet: { type: "boolean" },
  deploy: { type: "boolean" },
  check: { type: "boolean" },
} as const;

const USAGE =
  "npm run firmware -- --device cable|socket|calibrator --target esp32|esp32s3|esp32c3|esp32c6 [--config FILE] [--mainnet] [--deploy]\n" +
  "npm run firmware -- --check";

function options(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

async function main(): Promise<void> {
  const given = options();
  if (given.check) return check();
  const device = imageNamed(given.device);
  const target = targetNamed(given.target);
  const config = imageConfig(readConfig(given.config), device, target, given.mainnet === true);
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
  if (!given.deploy) return;
  deploy(sdk, image);
  console.log("Flashed.");
}

/** What the build decides and a person may want otherwise. */
function notes(device: ImageName, target: Target, config: BuildConfig): string[] {
  if (device === "calibrator")
    return [
      `calibrator for ${target.name}, console on pins ${config.image.receive} (in) and ${config.image.transmit} (out)`,
      "It closes the relay for whoever asks over its serial port: flash the device's own image when it is done (docs/metering.md)",
    ];
  const slots =
    config.flash === "8MB"
      ? "8 MB of flash: two slots, room for updates; today they come over the serial port only"
      : "4 MB of flash: one slot, updates come over the serial port only";
  const lines = [`${device} for ${target.name}, ${config.link}, network ${config.network}`, slots];
  if (config.encrypted) lines.push("Flash and NVS get encrypted: the first start burns eFuses, which cannot be undone");
  if (config.key !== undefined)
    lines.push("The key is not part of the image: write it with `npx tsx tools/firmware/provision.ts` (docs/keys.md)");
  return lines;
}

main().catch((error: unknown) => {
  if (error instanceof UsageError || error instanceof ImageError) console.error(error.message);
  else console.error(error);
  process.exitCode = 1;
});
