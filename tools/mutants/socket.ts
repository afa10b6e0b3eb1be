// Guards of the socket: what is sold on credit, what pays, and what is still owed.

import type { Mutation } from "./mutation";

const FINDINGS = "prove/findings";
const SETTLEMENT = "controllers/settlement";
const REFUSALS = "controllers/refusals";
const STANDBY = "controllers/standby-and-lockout";
const STORIES = "controllers/stories";

/** `from` and `to` as in a Mutation; `tests` without folder and ending. */
function mutation(name: string, file: string, from: string, to: string, tests: string[], test?: string): Mutation {
  const files = tests.map((each) => `host-tests/${each}.test.ts`);
  return { name, file: `shared/socket/${file}.ts`, from, to, tests: files, test };
}

export const SOCKET: readonly Mutation[] = [
  // What is sold.
  mutation(
    "exposure-debts",
    "exposure",
    "return settlements + heldValue(record) + debts;",
    "return settlements + heldValue(record);",
    [SETTLEMENT, STORIES, REFUSALS, "controllers/checkpoints"],
  ),
  mutation(
    "exposure-settlements",
    "exposure",
    "return settlements + heldValue(record) + debts;",
    "return heldValue(record) + debts;",
    [SETTLEMENT, STORIES, REFUSALS],
  ),
  mutation(
    "exposure-held",
    "exposure",
    "return settlements + heldValue(record) + debts;",
    "return settlements + debts;",
    [SETTLEMENT, STORIES, REFUSALS],
  ),
  mutation(
    "exposure-limit",
    "proposals",
    "return unpaid(this.#options.ledger.record) < this.#options.settings.exposureLimit;",
    "return true;",
    [FINDINGS],
    "does not sell a stock of unconfirmed credit beyond its exposure limit",
  ),
  mutation("proposal-fee-limit", "proposals", "if (actualFee(draft) > settings.feeLimit) return undefined;", "", [
    REFUSALS,
    "controllers/checkpoints",
  ]),
  mutation("payer-cheated", "till", 'if (isCheat(ledger.record, payer)) throw new Fault("address-refused");', "", [
    REFUSALS,
    SETTLEMENT,
  ]),
  mutation("payer-locked-out", "till", 'if (outlet.state === "lockout") throw', "if (false) throw", [
    REFUSALS,
    STANDBY,
  ]),
  mutation("power-fault", "till", "if (trip !== undefined) throw", "if (false) throw", [
    "controllers/stops",
    "controllers/trip-retry",
    REFUSALS,
  ]),
  mutation("room-for-settlements", "till", "if (!this.#options.settler.hasRoom()) throw", "if (false) throw", [
    REFUSALS,
    SETTLEMENT,
    "controllers/budgets",
  ]),
  // What pays.
  mutation(
    "payment-repeated",
    "till",
    "if (before && sameRequest(before.request, request)) return",
    "if (false) return",
    ["controllers/stops", REFUSALS, STORIES],
  ),
  mutation("payment-superseded", "till", "if (request.increment < nextIncrement(session))", "if (false)", [REFUSALS]),
  mutation("payment-checked", "till", "if (!verdict.ok) throw", "if (false) throw", [REFUSALS]),
  mutation(
    "proposal-replaced",
    "till",
    "if (this.#proposals.standing !== proposal || this.session !== session)",
    "if (false)",
    [REFUSALS, "controllers/waiting", "controllers/stops"],
  ),
  mutation("coins-asked-about", "till", "await this.inputsUnspent(session, actualFee(proposal.draft));", "", [
    REFUSALS,
  ]),
  mutation("first-payment-asked", "till", "this.mustBeTaken(session, proposal, await refusal?.());", "", [
    "controllers/first-payment",
  ]),
  mutation("first-payment-journalled", "till", "ledger.write({ asked:", "ledger.change({ asked:", [
    "controllers/first-payment",
  ]),
  mutation("reward-unripe", "rewards", "isYoung(coin, tip) && this.#known.get", "false && this.#known.get", [
    "controllers/first-payment",
  ]),
  mutation(
    "coins-crossed",
    "till",
    "this.mustStillBeFree(session);",
    "",
    [FINDINGS],
    "credits no transaction a second time in another session",
  ),
  mutation(
    "coins-settled",
    "coin-watch",
    'if (old) throw new Fault("input-spent"',
    'if (false) throw new Fault("input-spent"',
    [FINDINGS],
    "sells nothing a second time for a transaction that is settled",
  ),
  mutation(
    "coins-word-too-old",
    "coin-watch",
    "at !== undefined && this.#clock.now() - at <= maxAge",
    "at !== undefined",
    [REFUSALS],
  ),
  mutation(
    "coins-word-dated-when-asked",
    "coin-watch",
    "keepLatest(this.#unspentAt, nameOf(outpoint), asked, MAX_COINS)",
    "keepLatest(this.#unspentAt, nameOf(outpoint), this.#clock.now(), MAX_COINS)",
    [REFUSALS, SETTLEMENT],
  ),
  mutation("coins-spent", "coin-watch", "if (spend && !isOneOf(own, spend)) throw", "if (false) throw", [REFUSALS]),
  mutation("coins-pledged", "opening", "excluded: (coin: Coin) => pledged.has(nameOf(coin))", "excluded: () => false", [
    REFUSALS,
    SETTLEMENT,
    "controllers/stops",
  ]),
  mutation(
    "coins-of-cheats",
    "opening",
    "coins.filter((coin) => !isCheatCoin(ledger.record, coin))",
    "coins",
    [REFUSALS],
    "a coin that was double-spent pays nothing either where its owner's address was forgotten",
  ),
  mutation(
    "arrears-in-maximum",
    "opening",
    "sessionMaximum(inputs, feeLimit + arrears, increment, sessionMax)",
    "sessionMaximum(inputs, feeLimit, increment, sessionMax)",
    [SETTLEMENT, STORIES],
  ),
  // What is still owed.
  mutation("buried-deep-enough", "settler", "tip - status.height + 1 < settings.confirmations || ", "", [SETTLEMENT]),
  mutation(
    "buried-without-parent",
    "settler",
    " || this.hangsOnUnmined(settlement)) return;",
    ") return;",
    [SETTLEMENT],
    "no payment is buried whose parent is in no block",
  ),
  mutation(
    "reorganised",
    "settler",
    'this.update(settlement, { state: "held", minedTxid: undefined });\n      return;',
    "return;",
    [SETTLEMENT],
  ),
  mutation(
    "double-spend-buried",
    "settler",
    "else if (confirmations >= this.#options.settings.confirmations)",
    "else",
    [SETTLEMENT],
  ),
  mutation("owed-is-written", "settler", "let debts = withDebt(record.debts, debt);", "let debts = record.debts;", [
    SETTLEMENT,
  ]),
  mutation(
    "owed-by-children",
    "settler",
    "if (each !== settlement) debts = withDebt(",
    "if (false) debts = withDebt(",
    [FINDINGS],
    "knows a payment as lost whose coin was the change of another that was double-spent",
  ),
  mutation("cheat-remembered", "settler", "if (mined === undefined) cheats = withCheat(cheats, each);", "", [
    SETTLEMENT,
    REFUSALS,
  ]),
  mutation(
    "credit-given-once",
    "settler",
    "const waiting = this.settlements.find((other) => same(other, settlement))?.credit !== undefined;",
    "const waiting = settlement.credit !== undefined;",
    [SETTLEMENT, "controllers/stops", "controllers/recovery"],
  ),
  mutation(
    "debts-never-forgotten",
    "settler",
    'return [{ script: "", amount: first.amount + second.amount }, ...rest];',
    "return [second, ...rest];",
    [SETTLEMENT],
  ),
  mutation(
    "checkpoint-at-the-limit",
    "controller",
    'else if (this.exposure() >= settings.checkpoint || !this.#till.canSell()) this.#till.checkpoint("exposure");',
    "",
    ["controllers/checkpoints"],
  ),
  mutation("session-expires", "controller", 'this.#till.end("expiry");', ";", [
    SETTLEMENT,
    "controllers/stops",
    STORIES,
    "controllers/checkpoints",
  ]),
  mutation(
    "leftover-settled",
    "controller",
    'const owed = session.scheme === "single-fee" && transaction !== undefined && !open;',
    "const owed = false;",
    ["controllers/recovery"],
  ),
  mutation("double-spend-forfeits", "controller", "this.#outlet.forfeit(settlement.payerScript);", "", [
    SETTLEMENT,
    REFUSALS,
    STORIES,
  ]),
  // What flows.
  mutation(
    "outlet-old-lease-ends",
    "outlet",
    'if (this.state === "paid" && this.creditLeft() <= 0) this.creditUsed();',
    'if (this.state === "paid") this.creditUsed();',
    [FINDINGS],
    "keeps the credit of a payment that arrived while the gate told of the old lease's end",
  ),
  mutation(
    "outlet-ticket",
    "outlet",
    "return credit?.ticket === undefined || credit.ticket === ticket ? credit : undefined;",
    "return credit;",
    [STORIES],
    "who only names the address of a cable that left draws none of its credit; the cable still finds it",
  ),
  mutation(
    "outlet-credit-parked",
    "outlet",
    'if (state !== "paid" || payer === undefined || energy <= 0) return;',
    "if (energy <= 1e15) return;",
    [STORIES],
    "credit that was left behind is honoured on return",
  ),
  mutation(
    "outlet-credit-ends",
    "outlet",
    "if (this.creditLeft() <= 0) this.creditUsed();\n    else if (this.hasLeft()",
    "if (this.hasLeft()",
    [STANDBY, STORIES, "controllers/waiting"],
  ),
  mutation(
    "outlet-grace-ends",
    "outlet",
    'now - this.#unpaidSince >= settings.grace) this.lock("unpaid")',
    'false) this.lock("unpaid")',
    [STANDBY],
  ),
  mutation(
    "outlet-allowance-ends",
    "outlet",
    'else if (this.state === "standby" && this.allowanceLeft() <= 0) this.lock("allowance-used");',
    "",
    [STANDBY],
  ),
  mutation("outlet-tripped", "outlet", "if (gate.read().trip !== undefined) return;", "", [
    "controllers/trip-retry",
    STANDBY,
  ]),
  mutation(
    "candidates-at-the-back",
    "candidates",
    "lapsed === undefined ? 0 : lapsed + AT_THE_BACK",
    "0",
    ["controllers/leaving"],
    "neighbours who ask and never pay keep a cable waiting for some seconds each, and no longer",
  ),
];
