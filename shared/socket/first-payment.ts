// What is asked about the first commitment of a session before power flows: whether a node would
// take it. Coins and fees stay the same from then on, so later ones are taken too. Where the
// backend cannot ask a node, young coins are asked about instead. A node that does not answer in
// time has refused nothing: then it is as if nobody had been asked.

import { ChainError, type ChainErrorKind } from "../chain/error";
import { constant } from "../kernel/constant";
import { messageOf } from "../kernel/message";
import { outpointKey } from "../kernel/outpoint";
import type { Chain, Clock, Coin, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import type { Rewards } from "./rewards";

/** A cable waits ten seconds for its answer. */
const PATIENCE: Millisecond = 5_000;
/** What says nothing about the transaction. */
const NO_ANSWER: readonly ChainErrorKind[] = constant(["away", "rate-limited", "malformed", "no-estimate"]);

export interface FirstPaymentOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly rewards: Rewards;
  readonly report: Reporter;
}

/**
 * Why the network would refuse `transaction`, which spends `coins`; undefined where it would take
 * it, or nobody said in time. Never rejects.
 */
export function refusalOf(
  options: FirstPaymentOptions,
  transaction: Hex,
  coins: readonly Coin[],
  tip: number,
): Promise<ChainError | undefined> {
  const { clock, report } = options;
  return new Promise((resolve) => {
    const unanswered = (why: string): void => {
      report({ name: "chain-trouble", why: `the first payment was not asked about: ${why}` });
      resolve(undefined);
    };
    const cancel = clock.after(PATIENCE, () => unanswered(`expected an answer within ${PATIENCE} ms, got none`));
    void askNode(options, transaction, coins, tip)
      .then(resolve, (error: unknown) => {
        if (error instanceof ChainError && !NO_ANSWER.includes(error.kind)) resolve(error);
        else unanswered(messageOf(error));
      })
      .finally(cancel);
  });
}

async function askNode(
  { chain, rewards }: FirstPaymentOptions,
  transaction: Hex,
  coins: readonly Coin[],
  tip: number,
): Promise<ChainError | undefined> {
  try {
    if (await chain.wouldTake?.(transaction)) return undefined;
  } catch (error) {
    // Found out which coin it is, so that the next session is opened over others.
    if (error instanceof ChainError && error.message.includes("coinbase")) await rewards.unripe(coins, tip);
    throw error;
  }
  const coin = await rewards.unripe(coins, tip);
  return coin && new ChainError("refused", `${outpointKey(coin)} is a block's reward, and too young to be spent`);
}
