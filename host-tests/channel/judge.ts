// An independent judge of a channel's spends: bcoin's script interpreter, with all of the rules
// that nodes relay by.

import bcoin from "bcoin";
import type { Coin } from "../../shared/kernel/ports";
import type { Hex } from "../../shared/kernel/units";

/** An output that a transaction spends. */
export interface Spent extends Pick<Coin, "amount"> {
  readonly script: Hex;
}

/**
 * BIP16, 65, 66, 112, 141, 143, 147; and strict encodings, low S, minimal data, clean stack, empty
 * failing signatures.
 */
const RELAYED = bcoin.Script.flags.STANDARD_VERIFY_FLAGS;

/**
 * True where input `index` of `transaction` may spend `spent`. Relative lock times against heights
 * are the node's part.
 */
export function maySpend(transaction: Hex, index: number, spent: Spent): boolean {
  const tx = bcoin.TX.fromRaw(Buffer.from(transaction, "hex"));
  const output = new bcoin.Output({
    value: spent.amount,
    script: bcoin.Script.fromRaw(Buffer.from(spent.script, "hex")),
  });
  return tx.verifyInput(index, output, RELAYED);
}

export function vsizeOfSigned(transaction: Hex): number {
  return bcoin.TX.fromRaw(Buffer.from(transaction, "hex")).getVirtualSize();
}
