// Reading any raw transaction (BIP144 serialisation), as far as a chain backend needs it: its id,
// to check an answer to a broadcast, what it spends and what it pays. Not for judging payments:
// those are rebuilt and compared as bytes.

import { bytesToHex, hexToBytes, reverseHex, sha256d } from "../bitcoin/bytes";
import { messageOf } from "../kernel/message";
import type { Outpoint } from "../kernel/ports";
import { isHex } from "../kernel/text";
import { type Hex, MAX_SATOSHI, type Satoshi } from "../kernel/units";
import { ChainError } from "./error";

export interface RawTx {
  readonly txid: Hex;
  readonly inputs: readonly Outpoint[];
  readonly outputs: readonly { readonly amount: Satoshi; readonly script: Hex }[];
}

/** Throws an Error where `raw` is not one complete transaction in lower-case hex. */
export function readRawTx(raw: Hex): RawTx {
  if (!isHex(raw)) throw new Error("expected a transaction in lower-case hexadecimal");
  const reader = new Reader(raw);
  const version = reader.bytes(4);
  const isSegwit = reader.peek(2) === "0001";
  if (isSegwit) reader.bytes(2);
  const from = reader.at;
  const inputs = times(reader.count(), () => {
    const outpoint = { txid: reverseHex(reader.bytes(32)), vout: reader.number(4) };
    reader.bytes(reader.count()); // scriptSig
    reader.bytes(4); // sequence
    return outpoint;
  });
  const outputs = times(reader.count(), () => ({ amount: reader.amount(), script: reader.bytes(reader.count()) }));
  const body = raw.slice(from, reader.at);
  if (isSegwit)
    for (const _ of inputs) for (let items = reader.count(); items > 0; items--) reader.bytes(reader.count());
  const lockTime = reader.bytes(4);
  if (inputs.length === 0 || outputs.length === 0) throw new Error("expected a transaction with inputs and outputs");
  if (reader.at !== raw.length) throw new Error(`expected one transaction, got ${raw.length - reader.at} digits more`);
  // Without marker, flag and witnesses (BIP141).
  return { txid: reverseHex(bytesToHex(sha256d(hexToBytes(version + body + lockTime)))), inputs, outputs };
}

/**
 * Id of a transaction that is about to be broadcast: a ChainError "refused" for what nobody would
 * take.
 */
export function txidToSend(raw: Hex): Hex {
  try {
    return readRawTx(raw).txid;
  } catch (error) {
    throw new ChainError("refused", messageOf(error));
  }
}

class Reader {
  at = 0;
  constructor(readonly hex: Hex) {}

  peek(bytes: number): Hex {
    return this.hex.slice(this.at, this.at + 2 * bytes);
  }

  bytes(count: number): Hex {
    const taken = this.peek(count);
    if (taken.length !== 2 * count) throw new Error("expected a complete transaction, got the beginning of one");
    this.at += 2 * count;
    return taken;
  }

  /** Unsigned, little-endian; exact for up to 6 bytes. */
  number(bytes: number): number {
    return Number.parseInt(reverseHex(this.bytes(bytes)), 16);
  }

  amount(): Satoshi {
    const low = this.number(4);
    const amount = low + this.number(4) * 0x1_0000_0000;
    if (amount > MAX_SATOSHI) throw new Error("expected amounts of at most 21 million bitcoin in a transaction");
    return amount;
  }

  /** Bitcoin's compact size. */
  count(): number {
    const first = this.number(1);
    if (first < 0xfd) return first;
    if (first === 0xff) throw new Error("expected counts below 2^32 in a transaction");
    return this.number(first === 0xfd ? 2 : 4);
  }
}

/** Reads item by item: a count that lies runs out of bytes before it costs memory. */
function times<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
