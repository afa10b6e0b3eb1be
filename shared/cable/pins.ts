// Pins: what a coin is worth, as it was first seen or as change of the cable's own making. SegWit
// signs amounts one input at a time, so another amount for a coin that was signed for together with
// others is refused for good.

import { isSameOutpoint } from "../kernel/outpoint";
import type { Coin, Outpoint } from "../kernel/ports";
import type { Satoshi } from "../kernel/units";
import type { Pin } from "./record";
import { Hold } from "./stop";

const MAX_PINS = 64;

export function amountOf(pins: readonly Pin[], coin: Outpoint): Satoshi | undefined {
  return pins.find((pin) => isSameOutpoint(pin, coin))?.amount;
}

/**
 * Pins of coins that were signed for alone may make room; the others may not. Throws a Hold where
 * there is none then.
 */
export function pinsWith(pins: readonly Pin[], inputs: readonly Coin[]): readonly Pin[] {
  const shared = inputs.length > 1;
  const known = pins.map((pin) =>
    shared && inputs.some((input) => isSameOutpoint(input, pin)) ? { ...pin, shared } : pin,
  );
  const fresh = inputs.filter((input) => amountOf(pins, input) === undefined);
  const all = [...known, ...fresh.map(({ txid, vout, amount }) => ({ txid, vout, amount, shared }))];
  const kept = all.filter((pin) => pin.shared);
  if (kept.length > MAX_PINS) throw new Hold("too-many-coins", `Expected at most ${MAX_PINS}.`);
  const alone = all.filter((pin) => !pin.shared);
  return [...kept, ...alone.slice(Math.max(0, all.length - MAX_PINS))];
}
