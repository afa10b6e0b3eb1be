// Coins that a node told of once, for a backend to which finding them is dear: those of the scripts
// that were looked for last, and what became of them by the transactions that were broadcast here.
// None of it says that a coin is unspent.

import { constant } from "../kernel/constant";
import type { Coin, Outpoint } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import type { RawTx } from "./raw-tx";

/** Scripts whose coins are remembered. */
const MOST_SCRIPTS = 3;
/** Of each but the latest so many of the largest: a session spends five. */
const MOST_OLDER = 12;

interface Known {
  readonly coin: Coin;
  /**
   * What the transaction that made it spends, where it was broadcast here: another that spends the
   * same takes its place.
   */
  readonly spends: readonly Outpoint[];
}

interface Script {
  readonly script: Hex;
  readonly known: readonly Known[];
}

const NOTHING: readonly Outpoint[] = constant([]);

export class KnownCoins {
  /** The latest last. */
  #scripts: readonly Script[] = [];

  /** The largest first; undefined where none is known of. */
  of(script: Hex): readonly Coin[] | undefined {
    const found = this.#scripts.find((each) => each.script === script);
    return found && found.known.length > 0 ? found.known.map(({ coin }) => coin) : undefined;
  }

  /** All of a script that blocks have. What waits for a block still does. */
  found(script: Hex, coins: readonly Coin[]): void {
    const before = this.#scripts.find((each) => each.script === script);
    const waiting = (before?.known ?? []).filter(
      ({ coin }) => coin.height === undefined && !coins.some((other) => isSame(coin, other)),
    );
    const known = sorted([...waiting, ...coins.map((coin) => ({ coin, spends: NOTHING }))]);
    if (known.length === 0) return;
    const others = this.#scripts.filter((each) => each !== before);
    const older = others.map(({ script, known }) => ({ script, known: known.slice(0, MOST_OLDER) }));
    this.#scripts = [...older, { script, known }].slice(-MOST_SCRIPTS);
  }

  /**
   * What a transaction spends is gone, with what came of others that spend the same; what it pays
   * to a known script is there.
   */
  broadcast({ txid, inputs, outputs }: RawTx): void {
    const isSpent = (outpoint: Outpoint): boolean => inputs.some((input) => isSame(input, outpoint));
    this.#scripts = this.#scripts.map(({ script, known }) => {
      const left = known.filter(
        ({ coin, spends }) => coin.txid !== txid && !isSpent(coin) && !spends.some((each) => isSpent(each)),
      );
      const paid = outputs.flatMap((output, vout) =>
        output.script === script ? [{ coin: { txid, vout, amount: output.amount }, spends: inputs }] : [],
      );
      return { script, known: sorted([...left, ...paid]) };
    });
  }

  /** Somebody has spent it, or no node has it. */
  forget(outpoint: Outpoint): void {
    this.#scripts = this.#scripts.map(({ script, known }) => ({
      script,
      known: known.filter(({ coin }) => !isSame(coin, outpoint)),
    }));
  }

  /** A block holds it. */
  confirmed(outpoint: Outpoint, height: number): void {
    this.#scripts = this.#scripts.map(({ script, known }) => ({
      script,
      known: known.map((each) =>
        isSame(each.coin, outpoint) ? { coin: { ...each.coin, height }, spends: NOTHING } : each,
      ),
    }));
  }
}

function isSame(a: Outpoint, b: Outpoint): boolean {
  return a.vout === b.vout && a.txid === b.txid;
}

function sorted(known: readonly Known[]): readonly Known[] {
  return [...known].sort((a, b) => b.coin.amount - a.coin.amount);
}
