// Where a socket's earnings go: an address that somebody can spend from.

import { type Network, payeeScriptOf } from "../bitcoin/address";
import { isPointX } from "../bitcoin/point";
import { messageOf } from "../kernel/message";

/** What is wrong with a payout address; undefined: nothing. */
export function payoutProblem(address: string, network: Network): string | undefined {
  try {
    const script = payeeScriptOf(address, network);
    // Taproot's program is the x of a point (BIP341); there is none for half of all numbers, and no
    // key ever spends those.
    if (!script.startsWith("5120") || isPointX(script.slice(4))) return undefined;
    return `expected a P2TR address whose 32 bytes are a point of the curve, got "${address}": nobody could ever spend from it`;
  } catch (error) {
    return messageOf(error);
  }
}
