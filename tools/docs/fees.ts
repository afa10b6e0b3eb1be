// docs/fees.md: what share of a payment goes to miners, against the session's value and the
// exposure at which a commitment goes out early. `tsx tools/docs/fees.ts` writes it anew; a test
// compares page and code, and a cell with the model chain.
//
// Computed with the very functions with which the socket quotes (shared/bitcoin/fees.ts,
// shared/payment/).

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { actualFee, draftVsize, totalOf } from "../../shared/bitcoin/draft";
import { quoteFee } from "../../shared/bitcoin/fees";
import type { MilliSatPerVbyte, Satoshi } from "../../shared/kernel/units";
import { schemeOf } from "../../shared/payment/schemes";
import { lastCommitment, MAX_COMMITMENTS, type Session } from "../../shared/payment/session";
import type { Scheme } from "../../shared/protocol/words";
import { channelSection } from "./channel-fees";
import { wrapped } from "./wrap";

export const FEES_PAGE = new URL("../../docs/fees.md", import.meta.url);

const INCREMENT: Satoshi = 10_000;
/** Bitcoin Core 30's default. */
const INCREMENTAL: MilliSatPerVbyte = 100;
const RATES: readonly MilliSatPerVbyte[] = [100, 1_000, 5_000, 20_000];
const VALUES: readonly Satoshi[] = [10_000, 20_000, 50_000, 100_000, 200_000, 320_000];
/** Exposure at which the commitment goes out early. */
const CHECKPOINTS: readonly Satoshi[] = [10_000, 20_000, 50_000, 100_000];

/** A session over one coin that pays `value`. */
export interface Case {
  readonly scheme: Scheme;
  readonly value: Satoshi;
  readonly rate: MilliSatPerVbyte;
  /** The setting `checkpoint`; absent where exposure never reaches it. */
  readonly checkpoint?: Satoshi;
}

/** What miners get of the session if no block comes before its end. */
export function feesOf({ scheme, value, rate, checkpoint = Number.POSITIVE_INFINITY }: Case): Satoshi {
  const { draft, advance, supersedes } = schemeOf(scheme);
  let session = opened(scheme, value);
  let fees = 0;
  while (session.paid < value) {
    const step = { pay: INCREMENT, fee: 0 };
    const last = lastCommitment(session);
    // Paid in advance: what was delivered is an increment behind what the last commitment pays.
    const isOut = supersedes && last !== undefined && last.value - INCREMENT >= checkpoint;
    const bid = isOut ? { incremental: INCREMENTAL, replaces: { fee: last.fee, vsize: vsizeOf(session) } } : {};
    const fee = quoteFee(draft(session, step), { rate, ...bid });
    if (fee === undefined)
      throw new Error(`expected a coin that pays ${value} sat and fees, got ${totalOf(session.inputs)}`);
    const next = draft(session, { ...step, fee });
    fees = supersedes ? actualFee(next) : fees + actualFee(next);
    session = advance(session, { ...step, fee }, next, "00".repeat(32));
  }
  return fees;
}

function vsizeOf(session: Session): number {
  return draftVsize(schemeOf(session.scheme).draft(session, { pay: 0, fee: 0 }));
}

function opened(scheme: Scheme, max: Satoshi): Session {
  if (max / INCREMENT > MAX_COMMITMENTS)
    throw new RangeError(`expected at most ${MAX_COMMITMENTS} increments, got ${max} sat`);
  return {
    id: "00".repeat(16),
    scheme,
    payerScript: `0014${"11".repeat(20)}`,
    socketScript: `0014${"22".repeat(20)}`,
    price: 250_000,
    increment: INCREMENT,
    max,
    arrears: 0,
    expiry: 0,
    inputs: [{ txid: "33".repeat(32), vout: 0, amount: 100_000_000 }],
    paid: 0,
    commitments: [],
  };
}

const HEAD = `# What fees cost

Share of a session's value that goes to miners, in percent, for increments of ${sat(INCREMENT)} sat over one coin (${vsizeOf(opened("single-fee", INCREMENT))} vB).
Down: what the session pays in all. Across: the basic scheme, a fee for each increment; then single-fee with its commitment sent
early when exposure reaches the setting \`checkpoint\` (satoshi), each later one outbidding the last by the incremental relay fee
(${INCREMENTAL / 1000} sat/vB, Bitcoin Core 30's); then single-fee that is sent once, at its end. No block comes before the end: where one does,
the bidding ends with it, and the next session pays a fee of its own.

What to take from it: one transaction for many increments is what saves fees, so \`sessionMax\` should be many increments. A small
\`checkpoint\` costs little, since each bid adds only the relay fee; what a small \`exposureLimit\` costs is time: power waits for a block.
Where fees are high, the increment has to be larger too, or the first minutes pay more to miners than to the socket.

This page is computed by \`npx tsx tools/docs/fees.ts\`.
`;

/** The page's text. */
export function feesPage(): string {
  return wrapped(HEAD + RATES.map(table).join("") + channelSection(RATES));
}

function table(rate: MilliSatPerVbyte): string {
  const columns = ["basic", ...CHECKPOINTS.map((each) => `checkpoint ${sat(each)}`), "sent once"];
  const rows = VALUES.map((value) => {
    const early = CHECKPOINTS.map((checkpoint) => share({ scheme: "single-fee", value, rate, checkpoint }));
    const cells = [share({ scheme: "basic", value, rate }), ...early, share({ scheme: "single-fee", value, rate })];
    return `| ${sat(value)} | ${cells.join(" | ")} |`;
  });
  const head = `| session, sat | ${columns.join(" | ")} |\n|---:|${"---:|".repeat(columns.length)}`;
  return `\n## At ${rate / 1000} sat/vB\n\n${head}\n${rows.join("\n")}\n`;
}

function share(each: Case): string {
  return ((feesOf(each) / each.value) * 100).toFixed(2);
}

function sat(amount: Satoshi): string {
  return String(amount).replace(/(?=(?:\d{3})+$)\B/g, " ");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FEES_PAGE, feesPage());
