// A socket and a cable that start on a given journal, with nothing around them that answers: for
// fuzzing what they read.

import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { CableController } from "../../shared/cable/controller";
import { type CableRecord, EMPTY_RECORD as EMPTY_CABLE } from "../../shared/cable/record";
import { cableSettings } from "../../shared/cable/settings";
import { Journal } from "../../shared/journal/journal";
import type { Chain, PowerGate, Reporter } from "../../shared/kernel/ports";
import type { Session } from "../../shared/payment/session";
import { SocketController } from "../../shared/socket/controller";
import {
  EMPTY_RECORD as EMPTY_SOCKET,
  parseSocketRecord,
  SOCKET_RECORD_VERSION,
  type SocketRecord,
} from "../../shared/socket/record";
import { socketSettings } from "../../shared/socket/settings";
import { VirtualClock } from "../model/clock";
import { SeededRandom } from "../model/random";
import { standInEcdsa } from "../model/signers";
import { CutStore } from "../model/store";
import { PAPER } from "../paper";

export type DeviceName = "socket" | "cable";

const wallet = openWallet(new Uint8Array(32).fill(7), standInEcdsa);
const address = addressOf(wallet.script, "regtest");
const ID = "ab".repeat(16);
const TXID = "cd".repeat(32);
const session: Session = {
  id: ID,
  scheme: "single-fee",
  payerScript: `0014${"11".repeat(20)}`,
  socketScript: wallet.script,
  price: 250_000,
  increment: 10_000,
  max: 100_000,
  arrears: 500,
  expiry: 1_000,
  inputs: [{ txid: TXID, vout: 1, amount: 200_000, height: 800 }],
  paid: 10_000,
  commitments: [{ txid: "ef".repeat(32), value: 10_500, fee: 141 }],
};
const settlement = {
  session: "01".repeat(16),
  payerScript: session.payerScript,
  inputs: session.inputs,
  commitments: session.commitments,
  transaction: "00",
  minedTxid: "ef".repeat(32),
  rivalHeight: 801,
  credit: 40_000,
  ticket: ID,
} as const;

/** Of devices in the middle of everything. */
export const RECORDS: { readonly socket: SocketRecord; readonly cable: CableRecord } = {
  socket: {
    ...EMPTY_SOCKET,
    state: "paid",
    total: 5_000,
    paidUpTo: 40_000_000,
    allowance: 50_000,
    payer: session.payerScript,
    ticket: ID,
    parked: [{ script: "00", energy: 3, ticket: ID }],
    session,
    transaction: "00",
    settlements: [
      { ...settlement, state: "held", open: false },
      { ...settlement, session: ID, state: "sent", open: true },
      { ...settlement, session: "02".repeat(16), state: "mined", open: false },
    ],
    debts: [{ script: session.payerScript, amount: 700, txid: TXID }],
    settled: ["00".repeat(12)],
    cheats: ["00"],
    cheatCoins: ["00".repeat(12)],
    forgiven: "once",
  },
  cable: {
    ...EMPTY_CABLE,
    total: 5_000,
    uptime: 9_000,
    paidUpTo: 40_000_000,
    session,
    signed: { increment: 2, pay: 10_000, fee: 150, txid: TXID, sent: true },
    handed: { paid: 10_000, fee: 150 },
    pins: [{ txid: TXID, vout: 1, amount: 200_000, shared: false }],
    pledges: [
      {
        scheme: "basic",
        socketScript: "00",
        price: 300,
        outpoints: [{ txid: TXID, vout: 2 }],
        commitments: [{ txid: TXID, value: 1 }],
        unanswered: 1,
        fee: 150,
        forgiven: false,
        release: { txid: TXID, fee: 260 },
      },
    ],
    claims: [{ script: "00", energy: 7, value: 9 }],
    oneTicket: ["00"],
    forgiven: "once",
    released: "once",
  },
};

/**
 * Throws what the device throws when it starts on `slot`. True where it read the record, false
 * where it set it aside.
 */
export function startOn(device: DeviceName, slot: Uint8Array): boolean {
  const store = new CutStore();
  store.values.set(`${device}.a`, slot);
  if (device === "socket") mustBeSound(store);
  let isRead = true;
  const report: Reporter = ({ name }) => {
    if (name === "journal-unreadable") isRead = false;
  };
  const common = { clock: new VirtualClock(), store, gate: openGate(), report };
  if (device === "socket") {
    const settings = socketSettings({ network: "regtest", ...PAPER.socket, payoutAddress: address, forgive: "now" });
    const random = new SeededRandom(1);
    new SocketController({ ...common, random, chain: SILENT, ecdsa: standInEcdsa, settings }).start();
  } else {
    const settings = cableSettings({ network: "regtest", ...PAPER.cable, forgive: "now", release: "now" });
    const socket = { getStatus: never, powerRequest: never, payTransaction: never };
    new CableController({ ...common, wallet, socket, settings }).start();
  }
  return isRead;
}

/** What a socket reads of itself it acts upon later, when nobody is there to catch an error. */
function mustBeSound(store: CutStore): void {
  const journal = new Journal<SocketRecord>({
    store,
    name: "socket",
    version: SOCKET_RECORD_VERSION,
    parse: parseSocketRecord,
    report: () => {},
  });
  for (const { inputs, commitments } of journal.load()?.settlements ?? [])
    if (inputs.length === 0 || commitments.length === 0) throw new Error("a settlement of nothing was read");
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

const SILENT: Chain = { utxos: never, outspend: never, broadcast: never, status: never, feeRates: never, tip: never };

function openGate(): PowerGate {
  let total = 0;
  return {
    grant: () => {},
    revoke: () => {},
    clear: () => {},
    restore: (before) => {
      total = before;
    },
    read: () => ({
      total,
      closed: false,
      trip: undefined,
      current: 0,
      voltage: 230_000,
      voltageMeasured: false,
      power: 0,
      apparent: 0,
      powerFactor: 0,
      frequency: 50_000,
    }),
    onEvent: () => {},
  };
}
