// Guards of the socket: what is sold on credit, what pays, and what is still owed.

import type { Mutation } from "./mutation";

const FINDINGS = "prove/findings";
const SETTLEMENT = "controllers/settlement";
const REFUSALS = "controllers/refusals";
const STANDBY = "controllers/standby-and-lockout";
const STORIES = "controllers/stories";
const FIRST = "controllers/first-payment";
const HONOURED = "controllers/honoured";
const RELEASE = "controllers/release";
const SCENARIOS = "prove/scenarios";
const OPENING = "controllers/one-question";

/** `from` and `to` as in a Mutation; `tests` without folder and ending. */
function mutation(name: string, file: string, from: string, to: string, tests: string[], proves?: string): Mutation {
  const files = tests.map((each) => `host-tests/${each}.test.ts`);
  return { name, file: `shared/socket/${file}.ts`, from, to, tests: files, proves };
}

export const SOCKET: readonly Mutation[] = [
  // What opens a session.
  mutation("listed-coins-may-be-settled", "coin-watch", "    this.mustNotBeSettled(coins);\n", "", [OPENING]),
  mutation(
    "any-list-means-unspent",
    "payer-coins",
    "COINS_ASKED)), asked: undefined, kept: false }",
    "COINS_ASKED)), asked, kept: false }",
    [OPENING],
  ),
  mutation(
    "written-off-is-not-credited",
    "settler",
    "return this.settlements.some((other) => same(other, settlement));",
    "return true;",
    [SETTLEMENT],
  ),
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
  mutation(
    "room-for-settlements",
    "till",
    "if (!this.#options.settler.hasRoom()) throw",
    "if (false) throw",
    [HONOURED],
    "after a power cut at the settlement limit the credit is taken up, and only then more is refused",
  ),
  // What pays.
  mutation(
    "payment-repeated",
    "payments",
    "if (before && sameRequest(before.request, request)) return",
    "if (false) return",
    ["controllers/stops", REFUSALS, STORIES],
  ),
  mutation("payment-superseded", "payments", "if (request.increment < nextIncrement(session))", "if (false)", [
    REFUSALS,
  ]),
  mutation("payment-checked", "payments", "if (!verdict.ok) throw", "if (false) throw", [REFUSALS]),
  mutation(
    "proposal-replaced",
    "payments",
    "if (this.#options.proposals.standing !== proposal || this.session !== session)",
    "if (false)",
    [REFUSALS],
  ),
  mutation(
    "coins-asked-about",
    "payments",
    "await this.inputsUnspent(session, actualFee(proposal.draft));",
    "",
    [REFUSALS],
    "the chain's answer at the last moment counts: input-spent",
  ),
  mutation(
    "first-payment-asked",
    "payments",
    "this.mustBeTaken(session, proposal, await refusal?.());",
    "",
    [FIRST],
    "a block's reward 4 blocks old buys nothing, by a backend that asks its node",
  ),
  mutation(
    "first-payment-journalled",
    "payments",
    "ledger.write({ asked:",
    "ledger.change({ asked:",
    [FIRST],
    "power that goes while the network is asked loses no payment: it goes out, and its credit waits",
  ),
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
    "a chain that is away gives no new credit, and takes none",
  ),
  mutation(
    "coins-word-dated-when-asked",
    "coin-watch",
    "keepLatest(this.#unspentAt, outpointKey(outpoint), asked, MAX_COINS)",
    "keepLatest(this.#unspentAt, outpointKey(outpoint), this.#clock.now(), MAX_COINS)",
    [REFUSALS, SETTLEMENT],
  ),
  mutation("coins-spent", "coin-watch", "if (spend && !isOneOf(own, spend)) throw", "if (false) throw", [REFUSALS]),
  mutation("coins-pledged", "opening", "excluded: (coin: Coin) => pledged.has(nameOf(coin))", "excluded: () => false", [
    SETTLEMENT,
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
    [SETTLEMENT],
  ),
  // What is still owed.
  mutation("buried-deep-enough", "settler", "tip - height + 1 < settings.confirmations || ", "", [SETTLEMENT]),
  mutation(
    "buried-without-parent",
    "settler",
    " || hangsOnUnmined(settlement, this.settlements)) return;",
    ") return;",
    [SETTLEMENT],
    "no payment is buried whose parent is in no block",
  ),
  mutation(
    "reorganised",
    "settlement",
    'write({ state: "held", minedTxid: undefined }),',
    "",
    [SCENARIOS],
    "a settlement survives two reorganisations",
  ),
  mutation("double-spend-buried", "settlement", "return isDeep ?", "return spend ?", [SETTLEMENT]),
  mutation("owed-is-written", "write-off", "let debts = withDebt(record.debts, debt);", "let debts = record.debts;", [
    SETTLEMENT,
  ]),
  mutation(
    "owed-by-children",
    "write-off",
    "if (each !== settlement) debts = withDebt(",
    "if (false) debts = withDebt(",
    [FINDINGS],
    "knows a payment as lost whose coin was the change of another that was double-spent",
  ),
  mutation("cheat-remembered", "write-off", "if (mined === undefined) cheats = withCheat(cheats, each);", "", [
    FINDINGS,
  ]),
  mutation(
    "credit-given-once",
    "settler",
    "const waiting = this.settlements.find((other) => same(other, settlement))?.credit !== undefined;",
    "const waiting = settlement.credit !== undefined;",
    [SETTLEMENT],
  ),
  mutation(
    "debts-never-forgotten",
    "write-off",
    'return [{ script: "", amount: first.amount + second.amount }, ...rest];',
    "return [second, ...rest];",
    [SETTLEMENT],
  ),
  mutation(
    "checkpoint-at-the-limit",
    "controller",
    'else if (this.#parts.exposure() >= settings.checkpoint || !till.canSell()) till.checkpoint("exposure");',
    "",
    ["controllers/checkpoints"],
  ),
  mutation("session-expires", "controller", 'till.end("expiry");', ";", [
    SETTLEMENT,
    "controllers/stops",
    STORIES,
    "controllers/checkpoints",
  ]),
  mutation(
    "leftover-settled",
    "findings",
    "const owed = supersedes(session.scheme) && transaction !== undefined && !open;",
    "const owed = false;",
    ["controllers/recovery"],
  ),
  mutation("double-spend-forfeits", "findings", "outlet.forfeit(settlement.payerScript);", "", [
    SETTLEMENT,
    REFUSALS,
    STORIES,
  ]),
  // What flows.
  mutation(
    "outlet-old-lease-ends",
    "states",
    "return creditLeft(record, total) <= 0 ? [...useUp(moment), ANSWER] : HOLD_AND_ANSWER;",
    "return [...useUp(moment), ANSWER];",
    [FINDINGS],
    "keeps the credit of a payment that arrived while the gate told of the old lease's end",
  ),
  mutation(
    "ahead-once-in-a-while",
    "ahead",
    "return !this.#isAsking && this.#clock.now() >= this.#mayAskAt;",
    "return true;",
    ["controllers/ahead"],
    "a flood of first calls from many hosts, each with another address, asks the chain once in five seconds",
  ),
  mutation("ahead-is-a-turn", "controller", "candidates.announced(peer);", "", ["controllers/ahead"]),
  mutation(
    "ahead-takes-its-second-only",
    "candidates",
    "this.#clock.now() - this.#since <= AT_ONCE",
    "true",
    ["controllers/ahead"],
    "a call that says so again and again, and then asks, holds the socket no longer than its turn and a second",
  ),
  mutation(
    "outlet-ticket",
    "credit",
    "return credit?.ticket === undefined || credit.ticket === ticket ? credit : undefined;",
    "return credit;",
    [STORIES],
    "a caller that only names the address of a cable that left draws none of its credit; the cable still finds it",
  ),
  mutation(
    "outlet-credit-parked",
    "credit",
    'if (state !== "paid" || payer === undefined || energy <= 0) return undefined;',
    "if (payer === undefined || energy <= 1e15) return undefined;",
    [STORIES],
    "credit that a cable left is honoured on return",
  ),
  mutation("outlet-credit-ends", "states", "if (creditLeft(record, total) <= 0) return useUp(moment);", "", [STANDBY]),
  mutation("outlet-grace-ends", "states", 'if (now - since >= settings.grace) return lock(moment, "unpaid");', "", [
    STANDBY,
  ]),
  mutation(
    "outlet-allowance-ends",
    "states",
    'return allowanceLeft(record, total) <= 0 ? [...lock(moment, "allowance-used"), ANSWER] : HOLD_AND_ANSWER;',
    "return HOLD_AND_ANSWER;",
    [STANDBY],
  ),
  mutation("outlet-tripped", "outlet", "if (trip !== undefined) return;", "", ["controllers/trip-retry", STANDBY]),
  mutation(
    "candidates-at-the-back",
    "candidates",
    "lapsed === undefined ? 0 : lapsed + AT_THE_BACK",
    "0",
    ["controllers/leaving"],
    "neighbours who ask and never pay keep a cable waiting for some seconds each, and no longer",
  ),
  // What docs/trust.md says besides.
  mutation(
    "double-spend-concluded",
    "settlement",
    'return isDeep ? [met, { do: "write-off", owed: delivered(settlement), txid: undefined }] : [met];',
    "return [met];",
    [SCENARIOS],
    "a double spender is found out, gets no more, and what it took is known to the satoshi",
  ),
  mutation(
    "double-spend-lowest-height",
    "settler",
    "Math.min(height, settlement?.rivalHeight ?? height)",
    "height",
    [SETTLEMENT],
    "a double spend is concluded once it is buried, also where the backend knows no block of it",
  ),
  mutation(
    "old-commitment-owes",
    "settlement",
    "const owed = latest(settlement).value - value;",
    "const owed = 0;",
    [SCENARIOS],
    "who brings out an old commitment pays the rest with the next session",
  ),
  mutation("draft-outbids", "proposals", "if (known === undefined) return { rate };", "return { rate };", [
    "controllers/checkpoints",
  ]),
  mutation(
    "draft-at-the-going-rate",
    "proposals",
    "const rate = Math.max(rates.target, rates.floor, this.least());",
    "const rate = Math.max(rates.floor, this.least());",
    [SCENARIOS],
    "fees that rise are quoted anew, within the cable's limit, and the commitment on its way is outbid",
  ),
  mutation(
    "reward-looked-up",
    "first-payment",
    "return coin && new ChainError",
    "return undefined && new ChainError",
    [FIRST],
    "a block's reward 4 blocks old buys nothing, by a backend that cannot",
  ),
  mutation(
    "refused-fee-doubles",
    "payments",
    'if (refusal.kind === "fee-too-low") this.#options.proposals.payMore(proposal);',
    "",
    [FIRST],
    "a node that relays from 1 sat/vB, behind a backend that says less, is paid what it takes",
  ),
  mutation(
    "no-answer-is-no-refusal",
    "first-payment",
    "error instanceof ChainError && !NO_ANSWER.includes(error.kind)",
    "error instanceof ChainError",
    [FIRST],
    "a node that does not answer has refused nothing: away, limited, talking nonsense, or silent for five seconds",
  ),
  mutation(
    "release-of-what-pays-here",
    "releases",
    " || isPaidWithAny(coins)",
    "",
    [RELEASE],
    "a socket broadcasts no release of coins that it is paid with",
  ),
  mutation(
    "release-once-a-minute",
    "releases",
    " || clock.now() < this.#next",
    "",
    [RELEASE],
    "a socket broadcasts one release a minute for all callers together",
  ),
  mutation("promised-coins-passed-over", "opening", "good.filter((coin) => !isPromised(coin, request))", "good", [
    "controllers/handed-over",
  ]),
  mutation(
    "repeated-payment-moves-nobody",
    "payments",
    "if (before && sameRequest(before.request, request)) return",
    "if (before && sameRequest(before.request, request)) accepted();\n    if (before && sameRequest(before.request, request)) return",
    [HONOURED],
    "a recorded payment that is sent again from another host moves no session there",
  ),
  // How a session is opened.
  mutation("opening-debts-of-the-payer", "opening", "debts.filter(({ script }) => script === payer)", "debts", [
    SETTLEMENT,
    "controllers/checkpoints",
  ]),
  mutation(
    "opening-unspent",
    "opening",
    "await watch.mustBeUnspent(choice.inputs, payer, settings.unspentMaxAge);",
    "",
    [REFUSALS, FINDINGS],
  ),
  mutation("opening-scheme-sold", "opening", "if (!schemes.includes(scheme)) throw", "if (false) throw", [HONOURED]),
  mutation(
    "opening-shows-arrears-first",
    "opening",
    "inputs: [...witness, ...rest].slice(0, MAX_INPUTS)",
    "inputs: rest",
    ["controllers/checkpoints"],
  ),
  mutation("opening-basic-fees", "opening", "sessionMax + feeLimit * payments", "sessionMax + feeLimit", [REFUSALS]),
];
