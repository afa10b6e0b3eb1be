// What an owner keeps of a socket's channels elsewhere: the answer to `npm run owner -- --json
// channels`, or an entry of the socket's store. Each holds the cable's latest half; with the
// socket's seed that closes the channel.

import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { changeAt } from "../../shared/channel/amounts";
import type { Channel } from "../../shared/channel/channel";
import { type Increment, opened, record } from "../../shared/channel/channel";
import type { Deposit } from "../../shared/channel/closing";
import { channelFrame, isHalf } from "../../shared/channel/closing";
import { depositOf } from "../../shared/channel/record";
import { keysFault } from "../../shared/channel/script";
import { isHex } from "../../shared/kernel/text";
import { type Hex, isSatoshi, type Satoshi } from "../../shared/kernel/units";
import { UsageError } from "../command";
import { entryOf } from "./deposits";

/** A channel as it was kept. */
export interface Kept {
  readonly channel: Channel & { readonly half: Hex };
  /** Number of its payee key. */
  readonly index: number | undefined;
}

type Facts = Readonly<Record<string, unknown>>;

/**
 * The channels of an export on which anything was paid. Throws a UsageError for what is no export.
 */
export function keptIn(text: string): readonly Kept[] {
  let found: unknown;
  try {
    found = (JSON.parse(text) as { channels?: unknown }).channels;
  } catch {
    // Said below.
  }
  if (!Array.isArray(found))
    throw new UsageError('expected what "npm run owner -- --json channels" prints: {"channels":[...]}');
  return (found as readonly Facts[]).filter(({ half }) => half !== undefined).map(keptOf);
}

/** The channel of an entry of the socket's store. */
export function keptInEntry(bytes: Uint8Array): Kept {
  const entry = entryOf(bytes, "socket");
  return kept(depositOf(entry), entry.paid, entry.half, entry.index);
}

function keptOf(facts: Facts): Kept {
  const { channel, depositSat, delayBlocks, txVersion, payeeKey, cableKey, paidSat, half, keyIndex } = facts;
  const deposit: Deposit = {
    keys: { payeeKey: text(payeeKey), cableKey: text(cableKey), delay: Number(delayBlocks) },
    coin: { txid: text(channel), vout: 0, amount: Number(depositSat) },
    version: Number(txVersion),
  };
  return kept(deposit, Number(paidSat), text(half), keyIndex === undefined ? undefined : Number(keyIndex));
}

/** Believed where the half is the cable's signature of that very state. */
function kept(deposit: Deposit, paid: Satoshi, half: Hex | undefined, index: number | undefined): Kept {
  const { txid, amount } = deposit.coin;
  if (half === undefined) throw new UsageError(`nothing was paid on the channel ${txid}: there is nothing to close`);
  const isWhole = isHex(txid, 32) && isSatoshi(amount) && isSatoshi(paid) && isHex(deposit.keys.cableKey, 33);
  const fault = isWhole ? keysFault(deposit.keys) : "expected id, keys and amounts of a channel";
  if (fault) throw new UsageError(`the export of channel ${txid} is damaged: ${fault}`);
  if (!isHalf(deposit, channelFrame(deposit), changeAt(amount, paid), half, ecdsa))
    throw new UsageError(`the export of channel ${txid} is damaged: its half is not the cable's of ${paid} sat`);
  const increment: Increment = { channel: txid, paid, half };
  return { channel: { ...record(opened(deposit), increment), half }, index };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
