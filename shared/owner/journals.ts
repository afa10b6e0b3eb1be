// The records that an image of this version reads and writes: what a manifest says of it, and what
// a device asks of an image that is to take its place.

import { CABLE_RECORD_VERSION } from "../cable/record";
import { CHANNEL_ENTRY_VERSION } from "../channel/record";
import type { Device } from "../settings/owner";
import { SOCKET_RECORD_VERSION } from "../socket/record";
import type { JournalVersions } from "../update/manifest";
import { RECORD_VERSION } from "./record";

export function journalsOf(device: Device): readonly JournalVersions[] {
  const own = device === "socket" ? SOCKET_RECORD_VERSION : CABLE_RECORD_VERSION;
  return [
    { name: device, from: own, to: own },
    { name: "channel", from: CHANNEL_ENTRY_VERSION, to: CHANNEL_ENTRY_VERSION },
    { name: "owner", from: RECORD_VERSION, to: RECORD_VERSION },
  ];
}
