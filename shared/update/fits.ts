// Whether an image is for this device: what it cannot take at all, and what its owner has to say
// twice.

import type { Device } from "../settings/owner";
import { compareVersions, type JournalVersions, type Manifest } from "./manifest";

/** What this device is, and runs now. */
export interface Here {
  readonly device: Device;
  readonly chip: string;
  readonly network: string;
  readonly version: string;
  /** What its image reads and writes. */
  readonly journals: readonly JournalVersions[];
}

/** Why it cannot be, whatever the owner says; undefined where it can. */
export function impossible(manifest: Manifest, here: Here, room: number): string | undefined {
  const { device, chip, size } = manifest;
  if (room === 0)
    return "this board has one slot for images (4 MB of flash): it takes them over its serial port, by npm run firmware -- --deploy";
  if (chip !== here.chip) return `the image is for the chip ${chip}, and this is ${here.chip}`;
  if (size < 1 || size > room) return `the image has ${size} bytes, and the slot holds ${room}`;
  // Another device's records are others, and stay as they are.
  const lost = device === here.device ? here.journals.find((each) => !reads(manifest, each)) : undefined;
  return (
    lost &&
    `that image does not read the record "${lost.name}" of version ${lost.to}, which this device keeps: it would forget what it says`
  );
}

function reads({ journals }: Manifest, { name, to }: JournalVersions): boolean {
  return journals.some((each) => each.name === name && each.from <= to && to <= each.to);
}

/** What is done only where the owner says it twice, a sentence each. */
export function doubts(manifest: Manifest, here: Here): readonly string[] {
  const { device, network, version } = manifest;
  return [
    ...(device === here.device ? [] : [`the image is a ${device}'s, and this is a ${here.device}`]),
    ...(network === here.network ? [] : [`the image is for ${network}, and this device is on ${here.network}`]),
    ...(compareVersions(version, here.version) < 0
      ? [`the image's version ${version} is older than ${here.version}, which runs`]
      : []),
  ];
}
