// npx tsx tools/owner/simulated.ts DEVICE FILE [VERSION]: an image of a simulated device, to try an
// update with (docs/owner.md).

import { writeFileSync } from "node:fs";
import { modelImage } from "../../lab/model/flash";
import { bundleFirmware, type DeviceName } from "../../lab/sim/bundle";
import { VERSION } from "../../shared/kernel/version";
import { journalsOf } from "../../shared/owner/journals";
import { UsageError } from "../firmware/targets";
import { ABOUT_SUFFIX, type About } from "./sign";

/** Writes the image, and what it is beside it. `main`: another entry, for tests. */
export async function writeSimulated(
  device: DeviceName,
  path: string,
  version = VERSION,
  main?: string,
): Promise<void> {
  const about: About = { device, chip: "simulated", network: "regtest", version, journals: journalsOf(device) };
  writeFileSync(path, modelImage(Buffer.from(await bundleFirmware(device, main, version))));
  writeFileSync(`${path}${ABOUT_SUFFIX}`, `${JSON.stringify(about)}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const [device, path, version] = process.argv.slice(2);
  if ((device !== "socket" && device !== "cable") || path === undefined)
    throw new UsageError("expected socket or cable, a FILE to write, and perhaps a VERSION");
  await writeSimulated(device, path, version);
}
