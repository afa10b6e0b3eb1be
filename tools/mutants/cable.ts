// Guards of the cable: what it believes of the energy that flowed, and what it pays for.

import type { Mutation } from "./mutation";

const FINDINGS = "prove/findings";
const STOPS = "controllers/stops";
const HANDED_OVER = "controllers/handed-over";

function mutation(name: string, file: string, from: string, to: string, tests: string[], proves?: string): Mutation {
  const files = tests.map((each) => `host-tests/${each}.test.ts`);
  return { name, file: `shared/cable/${file}.ts`, from, to, tests: files, proves };
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
  mutation(
    "inlet-word-within-tolerance",
    "inlet",
    "Math.min(Math.max(word, own - off), own + off)",
    "word",
    [FINDINGS],
    "is not drained by small bites that two meters could explain one at a time",
  ),
  mutation("inlet-own-meter", "inlet", "return this.remaining() <= (", "return this.remaining() < -1e15 + (", [
    "controllers/stories",
  ]),
  mutation("inlet-own-power", "inlet", "paidUpTo: paidUpTo + moved, agreedAt", "paidUpTo, agreedAt", [
    "controllers/changes",
  ]),
  mutation(
    "release-keeps-the-pledge",
    "stuck",
    "return { ...pledge, fee: draft.fee, release:",
    "return { ...pledge, unanswered: 0, fee: draft.fee, release:",
    ["controllers/release"],
  ),
  mutation(
    "claims-bounded",
    "limits",
    "if (owed > settings.maxClaims + step.pay)",
    "if (false)",
    [HANDED_OVER],
    "a socket that takes each payment and denies it gets no more than the owner's limit",
  ),
  mutation("signings-descendants-count", "signings", "if (coin.txid === txid) sum += dearestOver(coin, coins);", "", [
    "controllers/signings",
  ]),
  mutation("signings-each-by-its-worth", "signings", "Math.max(0, value - known)", "0", ["controllers/signings"]),
  mutation("signings-rivals-excluded", "signings", "if (!isChange(coin, signings)) sum +=", "sum +=", [
    "controllers/signings",
  ]),
  mutation(
    "claims-of-all-faces",
    "limits",
    "if (script !== payee) owed += value;",
    "if (script === payee) owed += 0;",
    [FINDINGS],
    "pays no further face of a socket that owes it more than its limit",
  ),
  mutation(
    "session-known-by-its-payee",
    "purse",
    " && session.socketScript === payeeOf(offer)",
    "",
    [HANDED_OVER],
    "a payee that a third machine swapped once is owed nothing, and owes what it was handed",
  ),
  mutation(
    "claims-kept",
    "reckoning",
    "left > 0 ? withClaim(others, { script: before, energy: left, value }) : others",
    "others",
    [FINDINGS],
    "keeps apart what two faces of a socket owe it, though it refuses one of them and then loses power",
  ),
  mutation(
    "claims-leave-one-increment",
    "limits",
    "owed > settings.maxClaims + step.pay",
    "owed > settings.maxClaims",
    [HANDED_OVER],
    "three sockets that vanish with a payment cost their claims, and the fourth is paid all the same",
  ),
  mutation(
    "amounts-pinned",
    "purse",
    "pinned: (coin) => amountOf(ledger.record.pins, coin),",
    "pinned: () => undefined,",
    [FINDINGS],
    "burns nothing when a socket collects two signings under different amounts and mixes them",
  ),
  mutation(
    "crowded-out-is-no-answer",
    "calls",
    'error instanceof Fault && error.fault !== "too-many-requests"',
    "error instanceof Fault",
    ["controllers/leaving"],
    "a third machine that asks so much that nobody else is heard takes no power from a cable that has paid",
  ),
  {
    name: "ticket-of-one-payee",
    file: "shared/bitcoin/wallet.ts",
    from: "if (this.#last?.payee !== payee)",
    to: "if (!this.#last)",
    tests: ["host-tests/controllers/tickets.test.ts"],
    proves: "what one socket saw draws nothing at another, and the cable still finds its credit at both",
  },
  mutation(
    "ticket-for-strangers",
    "tickets",
    "if (!payeesOf(record).includes(payee)) return [];",
    "",
    ["controllers/tickets"],
    "a socket that names a payee whom the cable never paid is shown no ticket",
  ),
  mutation(
    "stored-address-checked",
    "address",
    "const address = addressOf(wallet.script, network);",
    "const address = this.kept() ?? addressOf(wallet.script, network);",
    ["controllers/first-call"],
    "a stored address that is not the key's: nothing is signed for it, it is told by name, and the right one is written back",
  ),
  mutation("ticket-of-earlier-versions", "tickets", "return [wallet.oneTicket, wallet.ticket(payee)];", "", [
    "controllers/tickets",
  ]),
  mutation("ticket-acknowledged", "tickets", ".filter((payee) => payee !== record.session?.socketScript)", "", [
    "controllers/tickets",
  ]),
  mutation("pledges-unanswered", "pledges", "Math.max(0, handed.paid - paid)", "0", [HANDED_OVER]),
  mutation("pledges-not-forgotten", "pledges", "return unanswered === 0;", "return true;", [HANDED_OVER]),
  mutation("pledges-list-ends", "pledges", "pledges.length > MAX_PLEDGES || ", "", [HANDED_OVER]),
  mutation("pledges-commitments-end", "pledges", " || commitments > MAX_COMMITMENTS_IN_ALL", "", [
    "controllers/pledges",
  ]),
  mutation("pledges-twin-by-payee", "pledges", "a.socketScript === b.socketScript && ", "", ["controllers/pledges"]),
  mutation("pledges-twin-by-coins", "pledges", " && isOverSameCoins(a.outpoints, b.outpoints)", "", [
    HANDED_OVER,
    FINDINGS,
  ]),
  mutation("pledges-dearest-fee", "pledges", "Math.max(a.fee, b.fee)", "b.fee", ["controllers/pledges"]),
  mutation("pledges-dearest-value", "pledges", "Math.max(worthOf(a), worthOf(b)) - answered", "worthOf(b) - answered", [
    "controllers/pledges",
  ]),
];
