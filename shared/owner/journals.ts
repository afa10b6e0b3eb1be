// The records that an image of this version reads and writes: what a manifest says of it, what a
// device asks of an image that is to take its place, and what an image on trial looks at.

import { CABLE_OLDER } from "../cable/older-record";
import { CABLE_RECORD_VERSION, parseCableRecord } from "../cable/record";
import { CHANNEL_ENTRY_VERSION, entryKept, MAX_CABLE_CHANNELS, MAX_SOCKET_CHANNELS } from "../channel/record";
import type { Older } from "../journal/journal";
import { type Kept, whyUnreadable } from "../journal/readable";
import type { Store } from "../kernel/ports";
import type { Device } from "../settings/owner";
import { parseSocketRecord, SOCKET_RECORD_VERSION } from "../socket/record";
import type { JournalVersions } from "../update/manifest";
import { parseRecord, RECORD_NAME, RECORD_VERSION } from "./record";

export function journalsOf(device: Device): readonly JournalVersions[] {
  const { version, older } = ownKept(device);
  return [
    { name: device, from: older?.from ?? version, to: version },
    { name: "channel", from: CHANNEL_ENTRY_VERSION, to: CHANNEL_ENTRY_VERSION },
    { name: RECORD_NAME, from: RECORD_VERSION, to: RECORD_VERSION },
  ];
}

export interface DeviceStores {
  /** The device's own, with what is money. */
  readonly own: Store;
  readonly owner: Store;
}

/** Why this image cannot go on from what the stores hold; undefined where it can. */
export function whyCannotGoOn(device: Device, { own, owner }: DeviceStores): string | undefined {
  const places = device === "socket" ? MAX_SOCKET_CHANNELS : MAX_CABLE_CHANNELS;
  const all: readonly Kept<unknown>[] = [
    { store: own, ...ownKept(device) },
    ...Array.from({ length: places }, (_, slot) => entryKept(own, slot)),
    { store: owner, name: RECORD_NAME, version: RECORD_VERSION, parse: parseRecord },
  ];
  for (const kept of all) {
    const why = whyUnreadable(kept);
    if (why !== undefined) return why;
  }
  return undefined;
}

function ownKept(device: Device): { name: string; version: number; older?: Older; parse: (value: unknown) => unknown } {
  return device === "socket"
    ? { name: device, version: SOCKET_RECORD_VERSION, parse: parseSocketRecord }
    : { name: device, version: CABLE_RECORD_VERSION, older: CABLE_OLDER, parse: parseCableRecord };
}
