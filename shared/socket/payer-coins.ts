// The one question that opens a session: which coins the payer has.

import type { Chain, Clock, Coin } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { available } from "./coin-watch";

/**
 * Coins of an address that are looked at; more than a session can spend, so that pledged ones can
 * be passed over.
 */
const COINS_ASKED = 20;

export interface PayerCoins {
  readonly coins: readonly Coin[];
  /**
   * When they were asked for, where being listed means that they were unspent then; else undefined.
   */
  readonly asked: Millisecond | undefined;
  /** True where the backend has them from memory: what came since is not among them. */
  readonly kept: boolean;
}

/**
 * What the chain lists of the payer's coins; with `anew` nothing from memory. Rejects with the
 * Fault `chain-unavailable`.
 */
export async function coinsOf(
  { chain, clock }: { readonly chain: Chain; readonly clock: Clock },
  payer: Hex,
  anew = false,
): Promise<PayerCoins> {
  const asked = clock.now();
  if (!chain.listing) return { coins: await available(chain.utxos(payer, COINS_ASKED)), asked: undefined, kept: false };
  const { coins, unspent, kept = false } = await available(chain.listing(payer, COINS_ASKED, anew));
  return { coins, asked: unspent ? asked : undefined, kept };
}
