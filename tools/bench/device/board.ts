// A cable's board for measuring its start: what the cable's main imports of the SDK and of our
// native modules, as little of each as it uses until its first request is on the wire, and quicker
// than any chip's. The store holds a key and the journal of a cable that was unplugged in the
// middle of a session, so that both are read as on any later start.

import { OPENED } from "../../../firmware/platform/socket-events";
import { CABLE_RECORD_VERSION, type CableRecord, EMPTY_RECORD } from "../../../shared/cable/record";
import { encodeSlot } from "../../../shared/journal/journal";
import { jsonOf } from "../../../shared/journal/json";
import { encodeUtf8 } from "../../../shared/kernel/utf8";
import { calibrate, report } from "./host";

const COINS = [1, 2].map((vout) => ({ txid: `c${vout}`.repeat(32), vout, amount: 500_000 }));
const COMMITMENTS = [1, 2, 3, 4].map((i) => ({ txid: `a${i}`.repeat(32), value: 10_000 * i, fee: 400 }));
const RECORD: CableRecord = {
  ...EMPTY_RECORD,
  total: 157_000_000,
  uptime: 86_000_000,
  paidUpTo: 160_000_000,
  session: {
    id: "5e".repeat(16),
    scheme: "single-fee",
    payerScript: `0014${"7a".repeat(20)}`,
    socketScript: `0014${"5a".repeat(20)}`,
    price: 250_000,
    increment: 10_000,
    max: 100_000,
    arrears: 0,
    expiry: 1_000_144,
    inputs: COINS,
    paid: 40_000,
    commitments: COMMITMENTS,
  },
  signed: { increment: 5, pay: 10_000, fee: 400, txid: "a5".repeat(32), sent: false },
  pins: COINS.map((coin) => ({ ...coin, shared: true })),
};
const KEY = new Uint8Array(32).fill(7);
/** Beside the key, as any start but the first finds it. */
const ADDRESS = "bcrt1q50rtrmj2f8vl9tem8qpfw36ylw5jg9j2dkku3w";
const STORED: Readonly<Record<string, Uint8Array>> = Object.freeze({
  "cable/key": KEY,
  "cable/address": encodeUtf8(ADDRESS),
  "cable/cable.a": encodeSlot(CABLE_RECORD_VERSION, 8, jsonOf(RECORD)),
  "cable/cable.b": encodeSlot(CABLE_RECORD_VERSION, 9, jsonOf(RECORD)),
});

/** Instructions at which `main` was called. */
let started = 0;

/** Starts the cable; the figure is reported when its first bytes reach the network. */
export function boot(main: () => void): void {
  calibrate();
  (globalThis as unknown as { trace: (text: string) => void }).trace = () => {};
  started = host.instret();
  main();
}

export const config = Object.freeze({
  settings: Object.freeze({ network: "regtest" }),
  socket: Object.freeze({ host: "169.254.0.1", port: 8080 }),
});

export function print(_text: string): void {}

export function watchRestarts(): void {}

export function restartPause(): number {
  return 0;
}

export function lastWords(): string | undefined {
  return undefined;
}

export function resetCause(): string {
  return "power-on";
}

export function noPage(): number {
  return 0;
}

/** No image is on trial, and none comes. */
export function slotState(): string {
  return "single";
}

export function noConsole(): void {}

export function noMemory(): number {
  return 0;
}

export function chip(): string {
  return "bench";
}

export function drawSeed(): void {}

export function entropy(length: number): ArrayBuffer {
  return new ArrayBuffer(length);
}

export class PowerGate {
  onEvent = (): void => {};
  grant(): void {}
  revoke(): void {}
  clear(): void {}
  restore(): void {}
  read() {
    return { total: RECORD.total, closed: false, trip: undefined };
  }
}

export const storage = Object.freeze({
  open: ({ path }: { readonly path: string }) => ({
    read: (key: string) => STORED[`${path}/${key}`]?.buffer,
    write() {},
    delete() {},
  }),
});

export const time = Object.freeze({ ticks: 100, delta: (from: number, to: number) => to - from });

export const Timer = Object.freeze({ set: () => ({}), repeat: () => ({}), clear() {} });

export const net = Object.freeze({ resolve() {} });

/** Connects at once. */
export function connect(owner: { happened(events: number): void }): number {
  void Promise.resolve().then(() => owner.happened(OPENED));
  return 1;
}

export function write(_handle: number, bytes: Uint8Array): number {
  report("firstRequest", host.instret() - started);
  if (!String.fromCharCode(...bytes.subarray(0, 5)).startsWith("POST ")) throw new Error("expected a request");
  return bytes.length;
}

export function listen(): void {}
export function take(): void {}
export function adopt(): void {}
export function favour(): void {}
export function peer(): void {}
export function why(): void {}
export function read(): void {}
export function close(): void {}
export function talk(): void {}
export function receive(): void {}
export function say(): void {}
export function wifiSleep(): void {}

/** All that a radio can be asked: this board has none. */
export function noRadio(): never {
  throw new Error("this board has no radio");
}
