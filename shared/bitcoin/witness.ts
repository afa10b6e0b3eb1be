// Witnesses of P2WPKH inputs and where they stand in a transaction (BIP141, BIP144).

import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { byteHex } from "./bytes";

export interface Witness {
  /** DER and the sighash byte. */
  readonly signature: Hex;
  readonly publicKey: Hex;
}

/** Marker and flag: witnesses follow. */
const SEGWIT = "0001";
/** Version and lock time have four bytes each. */
const FOUR_BYTES = 8;

/** The transaction whose other bytes are `unsigned`. */
export function withWitnesses(unsigned: Hex, witnesses: readonly Witness[]): Hex {
  let stacks = "";
  for (const { signature, publicKey } of witnesses) stacks += `02${push(signature)}${push(publicKey)}`;
  return headOf(unsigned) + stacks + unsigned.slice(-FOUR_BYTES);
}

/**
 * Its witnesses, where all other bytes are `unsigned` and each witness has two items; else
 * undefined.
 */
export function witnessesOf(unsigned: Hex, transaction: Hex, count: number): readonly Witness[] | undefined {
  const head = headOf(unsigned);
  const end = transaction.length - FOUR_BYTES;
  if (!transaction.startsWith(head) || transaction.slice(end) !== unsigned.slice(-FOUR_BYTES)) return undefined;
  if (!isHex(transaction.slice(head.length, end))) return undefined;
  const witnesses: Witness[] = [];
  let at = head.length;
  for (let i = 0; i < count; i++) {
    if (transaction.slice(at, at + 2) !== "02") return undefined;
    const signature = pushAt(transaction, at + 2, end);
    const publicKey = signature && pushAt(transaction, at + 4 + signature.length, end);
    if (!signature || !publicKey) return undefined;
    witnesses.push({ signature, publicKey });
    at += 6 + signature.length + publicKey.length;
  }
  return at === end ? witnesses : undefined;
}

/**
 * Virtual size of `transaction`: three quarters of `unsigned` and one quarter of all bytes, rounded
 * up.
 */
export function vsizeAsSigned(unsigned: Hex, transaction: Hex): number {
  return Math.ceil((3 * (unsigned.length / 2) + transaction.length / 2) / 4);
}

/** Version, marker, flag, inputs and outputs. */
function headOf(unsigned: Hex): Hex {
  return unsigned.slice(0, FOUR_BYTES) + SEGWIT + unsigned.slice(FOUR_BYTES, -FOUR_BYTES);
}

function push(item: Hex): Hex {
  return byteHex(item.length / 2) + item;
}

/**
 * An item of 1 to 127 bytes whose length byte stands at `at`; undefined where it does not fit
 * before `end`.
 */
function pushAt(transaction: Hex, at: number, end: number): Hex | undefined {
  const length = Number.parseInt(transaction.slice(at, at + 2), 16);
  const stop = at + 2 + length * 2;
  return length > 0 && length < 0x80 && stop <= end ? transaction.slice(at + 2, stop) : undefined;
}
