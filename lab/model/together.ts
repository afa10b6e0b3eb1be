// What can be mined together: of transactions that spend the same coins one, and none without its
// parents. The exact answer, by search, for judging a device that has to be quick.

import { outpointKey } from "../../shared/kernel/outpoint";
import type { Outpoint } from "../../shared/kernel/ports";

/** Rival transactions over the very same coins, of which at most one is mined. */
export interface Rivals {
  readonly outpoints: readonly Outpoint[];
  readonly transactions: readonly { readonly txid: string; readonly worth: number }[];
}

export interface Together {
  readonly worth: number;
  readonly txids: ReadonlySet<string>;
  /** False where the search was given up; `worth` is then no more than the true one. */
  readonly exact: boolean;
}

/** Far more than any run of `prove` has needed. */
const MOST_LOOKS = 50_000;

/** The dearest set that one chain can hold. `all` has parents before their children. */
export function dearestTogether(all: readonly Rivals[]): Together {
  return new Search(all).result();
}

class Search {
  private readonly rivals: readonly Rivals[];
  private readonly keys: readonly (readonly string[])[];
  private readonly made: ReadonlySet<string>;
  private best: { readonly worth: number; readonly txids: ReadonlySet<string> } = { worth: 0, txids: new Set() };
  private looks = 0;

  constructor(all: readonly Rivals[]) {
    const parents = new Set(all.flatMap(({ outpoints }) => outpoints.map(({ txid }) => txid)));
    this.rivals = all.map(({ outpoints, transactions }) => ({
      outpoints,
      transactions: worthALook(transactions, parents),
    }));
    this.keys = all.map(({ outpoints }) => outpoints.map(outpointKey));
    this.made = new Set(all.flatMap(({ transactions }) => transactions.map(({ txid }) => txid)));
  }

  result(): Together {
    this.search(0, new Set(), new Set(), 0);
    return { ...this.best, exact: this.looks <= MOST_LOOKS };
  }

  private search(at: number, spent: ReadonlySet<string>, mined: ReadonlySet<string>, worth: number): void {
    if (++this.looks > MOST_LOOKS) return;
    if (worth > this.best.worth) this.best = { worth, txids: mined };
    const rivals = this.rivals[at];
    if (!rivals || worth + this.most(at, spent) <= this.best.worth) return;
    if (this.isPossible(at, spent, mined)) {
      const taken = new Set([...spent, ...(this.keys[at] ?? [])]);
      for (const { txid, worth: more } of rivals.transactions)
        this.search(at + 1, taken, new Set([...mined, txid]), worth + more);
    }
    this.search(at + 1, spent, mined, worth);
  }

  private isPossible(at: number, spent: ReadonlySet<string>, mined: ReadonlySet<string>): boolean {
    if (this.keys[at]?.some((key) => spent.has(key))) return false;
    return this.rivals[at]?.outpoints.every(({ txid }) => !this.made.has(txid) || mined.has(txid)) ?? false;
  }

  /** No choice from `at` on adds more than this: of those that stand at one coin one is mined. */
  private most(at: number, spent: ReadonlySet<string>): number {
    const byCoin = new Map<string, number>();
    for (let i = at; i < this.rivals.length; i++) {
      const [first] = this.keys[i] ?? [];
      if (first === undefined || spent.has(first)) continue;
      const worth = Math.max(...(this.rivals[i]?.transactions ?? []).map((each) => each.worth));
      byCoin.set(first, Math.max(byCoin.get(first) ?? 0, worth));
    }
    let sum = 0;
    for (const worth of byCoin.values()) sum += worth;
    return sum;
  }
}

/** The dearest, and those that have children: another is never better than the dearest. */
function worthALook(transactions: Rivals["transactions"], parents: ReadonlySet<string>): Rivals["transactions"] {
  const sorted = [...transactions].sort((a, b) => b.worth - a.worth);
  return sorted.filter(({ txid }, i) => i === 0 || parents.has(txid));
}
