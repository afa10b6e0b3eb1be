// Id of a raw transaction: the double SHA-256 of its serialisation without marker, flag and witnesses (BIP141, BIP144).
// With it an answer to a broadcast can be checked, and what does not decode is never sent.

import { bytesToHex, hexToBytes, isHex, reverseHex, sha256d } from "../bitcoin/bytes";
import type { Hex } from "../units";
import { ChainError } from "./error";

/** Throws an Error where `raw` is not one complete transaction in lower-case hex. */
export function txidOfRaw(raw: Hex): Hex {
  if (!isHex(raw)) throw new Error("expected a transaction in lower-case hexadecimal");
  const reader = new Reader(raw);
  const version = reader.bytes(4);
  const isSegwit = reader.peek(2) === "0001";
  if (isSegwit) reader.bytes(2);
  const from = reader.at;
  const inputs = reader.count();
  for (let i = 0; i < inputs; i++) {
    reader.bytes(36);
    reader.bytes(reader.count());
    reader.bytes(4);
  }
  const outputs = reader.count();
  for (let i = 0; i < outputs; i++) {
    reader.bytes(8);
    reader.bytes(reader.count());
  }
  const body = raw.slice(from, reader.at);
  if (isSegwit) for (let i = 0; i < inputs; i++) reader.witness();
  const lockTime = reader.bytes(4);
  if (inputs === 0 || outputs === 0) throw new Error("expected a transaction with inputs and outputs");
  if (reader.at !== raw.length) throw new Error(`expected a transaction, got one and ${raw.length - reader.at} digits`);
  return reverseHex(bytesToHex(sha256d(hexToBytes(version + body + lockTime))));
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

  /** Bitcoin's compact size. */
  count(): number {
    const first = Number.parseInt(this.bytes(1), 16);
    if (first < 0xfd) return first;
    if (first === 0xff) throw new Error("expected a count below 2^32 in a transaction");
    return Number.parseInt(reverseHex(this.bytes(first === 0xfd ? 2 : 4)), 16);
  }

  witness(): void {
    const items = this.count();
    for (let i = 0; i < items; i++) this.bytes(this.count());
  }
}

/** The same for a transaction that is about to be broadcast: a ChainError "refused" for what nobody would take. */
export function txidToSend(raw: Hex): Hex {
  try {
    return txidOfRaw(raw);
  } catch (error) {
    throw new ChainError("refused", error instanceof Error ? error.message : String(error));
  }
}
