// The world in which all sessions of the vectors are played, by channel or without.

import { Stage, type Terms } from "../lab/prove/stage";
import type { Coin } from "../shared/kernel/ports";

/** A stage with two coins of the cable's, and those coins. */
export function vectorStage(terms: Partial<Terms>): { readonly stage: Stage; readonly coins: readonly Coin[] } {
  const stage = new Stage({
    seed: 1,
    realSigner: true,
    coins: [160_000, 90_000],
    socketError: 0,
    cableError: 0,
    electronics: 1_000,
    socket: {},
    cable: {},
    ...terms,
  });
  const coins = [...stage.network.blocks.unspent.values()].map(({ txid, vout, amount }) => ({ txid, vout, amount }));
  return { stage, coins };
}
