// One payment of a running session between a real purse and a real socket, with everything around
// them that a device has, as little of it as they need: a store in memory, a gate that reads the
// same, a chain that answers at once.

import { PAPER } from "../../../lab/paper";
import { addressOf } from "../../../shared/bitcoin/address";
import { ecdsa } from "../../../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../../../shared/bitcoin/wallet";
import { Purse } from "../../../shared/cable/purse";
import { CABLE_RECORD_VERSION, EMPTY_RECORD, parseCableRecord } from "../../../shared/cable/record";
import { cableSettings } from "../../../shared/cable/settings";
import type { Terms } from "../../../shared/cable/terms";
import { Ledger } from "../../../shared/journal/ledger";
import type { Chain, Clock, Coin, GateReading, PowerGate, Store } from "../../../shared/kernel/ports";
import { SocketController } from "../../../shared/socket/controller";
import { socketSettings } from "../../../shared/socket/settings";

const READING: GateReading = {
  total: 1_000_000,
  closed: true,
  trip: undefined,
  current: 5_000,
  voltage: 230_000,
  voltageMeasured: true,
  power: 1_150_000,
  apparent: 1_150_000,
  powerFactor: 1000,
  frequency: 50_000,
};

export const SECRET = new Uint8Array(32).fill(7);
/** Within the pause between an answer and the next call, in milliseconds. */
const SOON = 100;
const PAYOUT = `0014${"5a".repeat(20)}`;
const COIN: Coin = { txid: "c3".repeat(32), vout: 1, amount: 1_000_000, height: 100 };

function gate(): PowerGate {
  return { grant() {}, revoke() {}, clear() {}, restore() {}, read: () => READING, onEvent() {} };
}

export function store(): Store {
  const held = new Map<string, Uint8Array>();
  return {
    read: (key) => held.get(key),
    write: (key, value) => {
      held.set(key, value);
    },
    remove: (key) => {
      held.delete(key);
    },
  };
}

const chain: Chain = {
  utxos: async () => [{ ...COIN }],
  outspend: async () => undefined,
  broadcast: async () => "00".repeat(32),
  status: async () => ({ state: "unknown" }),
  feeRates: async () => ({ floor: 1_000, incremental: 1_000, target: 2_000 }),
  tip: async () => 200,
};

export interface Table {
  readonly socket: SocketController;
  /** What the socket does while it waits for the next signature. */
  readonly idle: () => void;
  readonly purse: Purse;
  readonly ledger: Ledger<typeof EMPTY_RECORD>;
  readonly terms: Terms;
}

export const TERMS: Terms = { scheme: "single-fee", price: 250_000, increment: 10_000 };

export function openCable(): Wallet {
  return openWallet(SECRET, ecdsa);
}

/**
 * A clock that stands still; `idle` does what was to be done soon. What was to be done later never
 * is.
 */
function idleClock(): { readonly clock: Clock; idle(): void } {
  const soon: (() => void)[] = [];
  const after: Clock["after"] = (delay, action) => {
    if (delay <= SOON) soon.push(action);
    return () => {};
  };
  return {
    clock: { now: () => 60_000, after },
    idle() {
      for (const action of soon.splice(0)) action();
    },
  };
}

/** A socket in standby and a purse that has signed nothing yet. */
export function setTable(wallet: Wallet): Table {
  const report = () => {};
  const { clock, idle } = idleClock();
  const socket = new SocketController({
    clock,
    random: { bytes: (length) => new Uint8Array(length).fill(0x42) },
    store: store(),
    gate: gate(),
    chain,
    ecdsa,
    report,
    settings: socketSettings({ network: "regtest", ...PAPER.socket, payoutAddress: addressOf(PAYOUT, "regtest") }),
  });
  socket.start();
  const ledger = new Ledger({
    store: store(),
    gate: gate(),
    report,
    name: "cable",
    version: CABLE_RECORD_VERSION,
    parse: parseCableRecord,
    empty: EMPTY_RECORD,
  });
  const settings = cableSettings({ network: "regtest", ...PAPER.cable });
  return { socket, idle, ledger, terms: TERMS, purse: new Purse({ ledger, wallet, settings, uptime: () => 60_000 }) };
}
