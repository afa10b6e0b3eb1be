// The socket's ledger: its record, and the journal that it is kept in.

import { Ledger } from "../journal/ledger";
import type { PowerGate, Reporter, Store } from "../kernel/ports";
import { EMPTY_RECORD, parseSocketRecord, SOCKET_RECORD_VERSION, type SocketRecord } from "./record";

export type SocketLedger = Ledger<SocketRecord>;

export function openLedger(options: {
  readonly store: Store;
  readonly gate: PowerGate;
  readonly report: Reporter;
}): SocketLedger {
  return new Ledger({
    ...options,
    name: "socket",
    version: SOCKET_RECORD_VERSION,
    parse: parseSocketRecord,
    empty: EMPTY_RECORD,
  });
}
