// Guards of the cable: what it believes of the energy that flowed, and what it pays for.

import type { Mutation } from "./mutation";

const FINDINGS = "prove/findings";
const STOPS = "controllers/stops";

function mutation(name: string, file: string, from: string, to: string, tests: string[], test?: string): Mutation {
  const files = tests.map((each) => `host-tests/${each}.test.ts`);
  return { name, file: `shared/cable/${file}.ts`, from, to, tests: files, test };
}

export const CABLE: readonly Mutation[] = [
  mutation(
    "inlet-conceded",
    "inlet",
    "Math.min(now, ever - ledger.record.conceded)",
    "now",
    [FINDINGS],
    "is not drained by small bites that two meters could explain one at a time",
  ),
  mutation("inlet-claim-too-large", "inlet", "return claimed < this.remaining() - this.tolerance();", "return false;", [
    STOPS,
    "controllers/stories",
  ]),
  mutation("inlet-word-within-tolerance", "inlet", "Math.min(Math.max(word, own - off), own + off)", "word", [
    STOPS,
    FINDINGS,
  ]),
  mutation("inlet-own-meter", "inlet", "return this.remaining() <= (", "return this.remaining() < -1e15 + (", [
    STOPS,
    FINDINGS,
  ]),
  mutation("claims-bounded", "purse", "if (owed > settings.maxClaims + step.pay)", "if (false)", [
    "controllers/handed-over",
  ]),
  mutation("signings-descendants-count", "signings", "if (coin.txid === txid) sum += dearestOver(coin, coins);", "", [
    "controllers/signings",
  ]),
  mutation(
    "signings-each-by-its-worth",
    "signings",
    "Math.max(0, value - answered({ unanswered, commitments }))",
    "0",
    ["controllers/signings"],
  ),
  mutation("signings-rivals-excluded", "signings", "if (!isChange(coin, signings)) sum +=", "sum +=", [
    "controllers/signings",
  ]),
];
