// What a device's journal holds, read as the device itself reads it at its next start.

import { CABLE_RECORD_VERSION, type CableRecord, parseCableRecord } from "../../shared/cable/record";
import { Journal } from "../../shared/journal/journal";
import type { Store } from "../../shared/kernel/ports";
import { parseSocketRecord, SOCKET_RECORD_VERSION, type SocketRecord } from "../../shared/socket/record";

export function socketJournal(store: Store): Journal<SocketRecord> {
  const parse = parseSocketRecord;
  return new Journal<SocketRecord>({ store, name: "socket", version: SOCKET_RECORD_VERSION, parse, report: () => {} });
}

export function cableJournal(store: Store): Journal<CableRecord> {
  const parse = parseCableRecord;
  return new Journal<CableRecord>({ store, name: "cable", version: CABLE_RECORD_VERSION, parse, report: () => {} });
}
