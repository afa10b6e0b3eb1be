// The part of docs/fees.md on payment channels: what share of many visits' payments goes to miners,
// by the three schemes.

import { dustOf, vsizeOf } from "../../shared/bitcoin/draft";
import { closingVsize } from "../../shared/channel/closing";
import { fundingVsize } from "../../shared/channel/funding";
import { feeFor, type MilliSatPerVbyte, type Satoshi } from "../../shared/kernel/units";

export const VISIT_SUMS: readonly Satoshi[] = [12, 150, 3_000, 18_000, 60_000];
export const VISIT_COUNTS: readonly number[] = [1, 3, 10, 30, 100];
const SCRIPT = `0014${"22".repeat(20)}`;
/** Of the other tables on the page. */
const BASIC_INCREMENT: Satoshi = 10_000;
/**
 * What spending one of its P2WPKH outputs costs the owner later: outpoint, sequence and witness.
 */
const SPENDING_VBYTES = 68;

export type VisitScheme = "basic" | "single-fee" | "channel";

export interface Visits {
  readonly scheme: VisitScheme;
  /** What each visit draws. */
  readonly sum: Satoshi;
  readonly count: number;
}

/**
 * Transactions that pay the visits. On chain a payment is worth an output; what it leaves is credit
 * for the next visit.
 */
export function paymentsOf({ scheme, sum, count }: Visits): number {
  const parts = scheme === "basic" ? Math.ceil(sum / BASIC_INCREMENT) : 1;
  const pay = Math.max(dustOf(SCRIPT), Math.ceil(sum / parts));
  return pay * parts === sum ? parts * count : Math.ceil((sum * count) / pay);
}

/**
 * All vbytes of the visits: in blocks for the payments, and later for the owner's spending of the
 * outputs.
 */
export function vbytesOf(visits: Visits): number {
  if (visits.scheme === "channel") return fundingVsize(1, true) + closingVsize(SCRIPT) + SPENDING_VBYTES;
  return paymentsOf(visits) * (vsizeOf(1, [SCRIPT, SCRIPT]) + SPENDING_VBYTES);
}

/** In percent of what the visits are worth. */
export function visitShare(visits: Visits, rate: MilliSatPerVbyte): string {
  const share = (feeFor(vbytesOf(visits), rate) / (visits.sum * visits.count)) * 100;
  return share >= 100 ? share.toFixed(0) : share.toFixed(share >= 10 ? 1 : 2);
}

/** The section of the page. */
export function channelSection(rates: readonly MilliSatPerVbyte[]): string {
  return HEAD + rates.map(table).join("");
}

const HEAD = `
## Where a channel begins to pay

Share of what many visits are worth that goes to miners, in percent: of the payments themselves, and of the owner's later spending of the outputs that
they leave (${SPENDING_VBYTES} vB each). A payment on chain is worth ${dustOf(SCRIPT)} sat at least; what a visit leaves of it is credit for the next ones, so of small sums not every visit
pays. A channel ([channel.md](channel.md)) is a funding of ${fundingVsize(1, true)} vB and a closing of ${closingVsize(SCRIPT)} vB whatever the number of visits, and one output. Its deposit is locked meanwhile.

What to take from it: with one or two payments on chain, single-fee is cheaper; from the third on a channel is, and the more so the more visits it serves.
Not in these figures: a channel asks the chain nothing while a cable is plugged in, and nothing in it can be spent twice. At high fees the smallest sums are not worth any scheme.
`;

function table(rate: MilliSatPerVbyte): string {
  const rows = VISIT_SUMS.flatMap((sum) =>
    (["basic", "single-fee", "channel"] as const).map((scheme) => row(sum, scheme, rate)),
  );
  const head = `| a visit, sat | scheme | ${VISIT_COUNTS.map((count) => `${count} ${count === 1 ? "visit" : "visits"}`).join(" | ")} |`;
  return `\n### Visits at ${rate / 1000} sat/vB\n\n${head}\n|---:|---|${"---:|".repeat(VISIT_COUNTS.length)}\n${rows.join("\n")}\n`;
}

function row(sum: Satoshi, scheme: VisitScheme, rate: MilliSatPerVbyte): string {
  const cells = VISIT_COUNTS.map((count) => visitShare({ scheme, sum, count }, rate));
  return `| ${String(sum).replace(/(?=(?:\d{3})+$)\B/g, " ")} | ${scheme} | ${cells.join(" | ")} |`;
}
