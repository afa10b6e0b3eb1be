// Cheats: scripts that pledged coins here and spent them elsewhere, and those coins, which a
// reorganisation may bring back. Neither pays here again, until the owner forgives.

import { appended } from "../journal/ledger";
import type { Outpoint } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import { settledName } from "./coin-watch";
import type { Settlement, SocketRecord } from "./record";

const MAX_CHEATS = 32;
const MAX_COINS = 32;

export type Cheats = Pick<SocketRecord, "cheats" | "cheatCoins">;

/** The record's part that remembers a settlement whose coins somebody else has now. */
export function withCheat({ cheats, cheatCoins }: Cheats, { payerScript, inputs }: Settlement): Cheats {
  const known = new Set(cheatCoins);
  const coins = inputs.map(settledName).filter((name) => !known.has(name));
  return {
    cheats: cheats.includes(payerScript) ? cheats : appended(cheats, payerScript, MAX_CHEATS),
    cheatCoins: [...cheatCoins, ...coins].slice(-MAX_COINS),
  };
}

export function isCheat({ cheats }: Cheats, payer: Hex): boolean {
  return cheats.includes(payer);
}

export function isCheatCoin({ cheatCoins }: Cheats, coin: Outpoint): boolean {
  return cheatCoins.includes(settledName(coin));
}
