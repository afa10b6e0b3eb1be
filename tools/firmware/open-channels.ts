// Channels that a socket has in its store when it starts, each as large as an entry gets in a year:
// for measuring what they take of its heap. No funding of theirs is on the chain, so the socket
// asks about each once a minute: more often than about channels that are open.

import { sha256 } from "@noble/hashes/sha2.js";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { openWallet } from "../../shared/bitcoin/wallet";
import { channelFrame, signHalf } from "../../shared/channel/closing";
import { payeeWallet } from "../../shared/channel/payee-key";
import { type ChannelEntry, depositOf, entryJournal } from "../../shared/channel/record";
import { keepSeed } from "../../shared/channel/seed";
import type { Store } from "../../shared/kernel/ports";

const DEPOSIT = 100_000;
const PAID = 60_000;
const SEED = new Uint8Array(32).fill(0x5e);

/** Writes a seed and `count` open channels, each of another cable. */
export function openChannels(store: Store, count: number): void {
  keepSeed(store, SEED);
  for (let index = 0; index < count; index++) entryJournal(store, index, () => {}).save(entryOf(index));
}

function entryOf(index: number): ChannelEntry {
  const cable = openWallet(digest("cable", index), ecdsa);
  const entry: ChannelEntry = {
    payeeKey: hex(payeeWallet(SEED, index, ecdsa).publicKey),
    cableKey: hex(cable.publicKey),
    delay: 4_320,
    version: 3,
    txid: hex(digest("funding", index)),
    deposit: DEPOSIT,
    phase: "open",
    paid: PAID,
    height: 100,
    index,
    energy: 12_345,
    ticket: hex(digest("ticket", index)),
  };
  return { ...entry, half: signHalf(channelFrame(depositOf(entry)), DEPOSIT - PAID, cable) };
}

function digest(what: string, index: number): Uint8Array {
  return sha256(new TextEncoder().encode(`${what} ${index}`));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
