// By how much the cable overestimates what it stands to lose: its quick algebra
// (shared/cable/signings.ts) against the exact answer, over the very list of signatures that its
// journal holds.

import { pledgeOf } from "../../shared/cable/pledges";
import type { CableRecord } from "../../shared/cable/record";
import { signingsOf } from "../../shared/cable/release";
import { dearest, type Signing } from "../../shared/cable/signings";
import type { Satoshi } from "../../shared/kernel/units";
import { dearestTogether } from "../model/together";

export interface Estimate {
  readonly device: Satoshi;
  readonly exact: Satoshi;
}

/**
 * Both answers for what `record` says was handed over; undefined where nothing is out or the search
 * was given up.
 */
export function estimateOf({ pledges, session, signed, handed }: CableRecord): Estimate | undefined {
  const running = session && pledgeOf(session, signed, handed);
  const signings = (running ? [...pledges, running] : pledges).flatMap(signingsOf);
  const { worth, exact } = dearestTogether(signings.map(rivalsOf));
  return exact && worth > 0 ? { device: dearest(signings), exact: worth } : undefined;
}

/** What each pays beyond what was acknowledged of any of them. */
function rivalsOf({ outpoints, commitments, unanswered }: Signing, index: number) {
  const all = commitments.length > 0 ? commitments : [{ txid: `unnamed ${index}`, value: unanswered }];
  const answered = Math.max(...all.map(({ value }) => value)) - unanswered;
  const transactions = all.map(({ txid, value }) => ({ txid, worth: Math.max(0, value - answered) }));
  return { outpoints, transactions };
}

/** Sums and extremes over many runs. */
export class Estimates {
  private count = 0;
  private exact = 0;
  private over = 0;
  private off = 0;
  private worst: Satoshi = 0;
  private worstShare = 0;

  add({ device, exact }: Estimate): void {
    const more = device - exact;
    this.count += 1;
    this.exact += exact;
    this.over += more;
    if (more > 0) this.off += 1;
    this.worst = Math.max(this.worst, more);
    this.worstShare = Math.max(this.worstShare, more / exact);
  }

  report() {
    const { count, off, worst, worstShare } = this;
    return {
      count,
      off,
      meanSat: this.over / Math.max(1, count),
      meanShare: this.over / Math.max(1, this.exact),
      worst,
      worstShare,
    };
  }
}
