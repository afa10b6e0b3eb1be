// Guards of payment channels: what keeps a deposit, a half and a closing in their bounds.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test = "channel"): Mutation {
  return {
    name: `channel-${name}`,
    file: `shared/channel/${file}.ts`,
    from,
    to,
    tests: [`host-tests/channel/${test}.test.ts`],
  };
}

function half(name: string, from: string, to: string): Mutation {
  return {
    ...{ name: `channel-${name}`, file: "shared/cable/channel-payer.ts", from, to },
    tests: ["host-tests/controllers/channel-cable.test.ts"],
    proves: "opens another channel after each that its socket closed half used, without a word of its owner",
  };
}

function rogue(name: string, file: string, from: string, to: string, proves: string): Mutation {
  const tests = ["host-tests/controllers/channel-rogues.test.ts"];
  return { name: `channel-${name}`, file: `shared/${file}.ts`, from, to, tests, proves };
}

export const CHANNEL: readonly Mutation[] = [
  mutation("credit-record", "credit", "Math.max(own, leftOf(paidUpTo, total))", "own", "credit"),
  mutation("credit-forgotten", "credit", "Math.max(total, reading)", "total", "credit"),
  mutation("key-form", "script", "if (!isCompressed(payeeKey))", "if (false)", "script"),
  mutation("key-point", "script", "if (!isPointX(payeeKey.slice(2)))", "if (false)", "script"),
  mutation("key-own", "script", "if (payeeKey.slice(2) === cableKey.slice(2))", "if (payeeKey === cableKey)", "script"),
  mutation("delay-least", "script", "delay >= MIN_DELAY", "delay >= 0", "script"),
  mutation("delay-most", "script", "delay <= MAX_DELAY", "delay <= 0xffffffff", "script"),
  mutation("number-sign", "script", 'if (top >= 0x80) number += "00";', "", "script"),
  mutation("half-sequence", "sighash", "sequence = SEQUENCE)", "sequence = 4_032)", "spends"),
  mutation(
    "half-type",
    "sighash",
    "HALF_TAIL = le32(LOCK_TIME) + le32(SINGLE_ANYONECANPAY)",
    "HALF_TAIL = le32(LOCK_TIME) + le32(2)",
    "sighash",
  ),
  mutation("half-type-byte", "closing", " || !half.endsWith(HALF_TYPE)", ""),
  mutation("share-dust", "closing", "if (share < dust)", "if (false)", "spends"),
  mutation(
    "closing-key",
    "closing",
    "if (bytesToHex(payee.publicKey) !== deposit.keys.payeeKey)",
    "if (false)",
    "spends",
  ),
  mutation("refund-version", "refund", "REFUND_VERSION = 2", "REFUND_VERSION = 1", "spends"),
  mutation("refund-dust", "refund", "if (amount < DUST)", "if (false)", "spends"),
  mutation("funding-keys", "funding", "if (fault) throw new Error(fault);", "", "spends"),
  mutation("memo-proof", "funding", "&& depositScript(channelScript(keys)) === deposit ?", "?", "spends"),
  mutation("increment-funding", "channel", "if (increment.channel !== coin.txid)", "if (false)"),
  mutation("increment-open", "channel", 'if (phase !== "open") return refuse', "if (false) return refuse"),
  mutation("increment-buried", "channel", "if (depth < confirmations)", "if (false)"),
  mutation("increment-deadline", "channel", "if (mustClose(channel, tip, margin))", "if (false)"),
  mutation("increment-superseded", "channel", "if (pay < 0)", "if (false)"),
  mutation("increment-less", "channel", "if (pay < demand.pay)", "if (false)"),
  mutation("increment-change", "channel", "if (change < DUST) return refuse", "if (false) return refuse"),
  mutation("increment-half", "channel", "if (!isHalf(channel.deposit, frame, change, half, ecdsa))", "if (false)"),
  mutation("margin-least", "channel", "Math.max(margin, CLOSING_MARGIN)", "margin"),
  mutation("complete-closing", "channel", 'if (phase !== "closing")', "if (false)"),
  mutation(
    "adopted-half",
    "channel",
    " || !isHalf(deposit, frame, change, half, ecdsa)) return undefined",
    ") return undefined",
  ),
  mutation(
    "book-deposit",
    "book",
    "if (deposit < terms.depositLeast || deposit > terms.depositMost)",
    "if (false)",
    "books",
  ),
  mutation(
    "book-keys",
    "book",
    'if (fault) return refuse("bad-terms"',
    'if (false) return refuse("bad-terms"',
    "books",
  ),
  mutation("book-full", "book", "if (this.isFull)", "if (false)", "books"),
  mutation("book-funding", "book", "if (!isSigned(funding, signed, this.#options.ecdsa))", "if (false)", "books"),
  mutation("book-unasked", "book", "now - answer.at > answerAge", "false", "books"),
  mutation("book-spent", "book", "if (!answer.unspent)", "if (false)", "books"),
  mutation("book-late", "book", "if (mustClose(channelOf(entry), highest, margin))", "if (false)", "books"),
  mutation("book-unclosed", "book", "if (this.unclosed + verdict.pay > maxUnclosed)", "if (false)", "books"),
  mutation("book-index", "book", "this.#index.use(index);", "", "books"),
  mutation(
    "book-closing-first",
    "book",
    "this.#ledger.save({ ...rest, closingFee: plan.fee,",
    "if (entry.closingFee !== undefined) this.#ledger.save({ ...rest, closingFee: plan.fee,",
    "books",
  ),
  ...[
    ["closing-coins", "const coins = asksForCoins ? await this.feeCoins(before) : [];", "const coins: Coin[] = [];"],
    ["closing-coins-kept", "if (isUnknown || (spend && spend.txid === own)) coins.push(coin);", ""],
    ["closing-again", "const isAgain = isKnown &&", "const isAgain = false &&"],
    ["closing-doubles", "return last ? Math.max(incremental,", "return false && last ? Math.max(incremental,"],
  ].map(([name = "", from = "", to = ""]) => ({
    name: `channel-${name}`,
    file: "shared/socket/channel-keeper.ts",
    from,
    to,
    tests: ["host-tests/controllers/channel-closing.test.ts"],
  })),
  {
    ...mutation("closing-gone", "book", "replaces: isGone ? undefined : wish.replaces", "replaces: wish.replaces"),
    tests: ["host-tests/controllers/channel-closing.test.ts"],
  },
  mutation("pocket-delay", "pocket", "if (delay > limits.delay)", "if (false)", "books"),
  mutation(
    "pocket-earned",
    "pocket",
    "acknowledged - priceOf(Math.max(0, undelivered), price)",
    "acknowledged",
    "books",
  ),
  mutation("pocket-locked", "pocket", "locked + deposit > limits.maxLocked", "false", "books"),
  mutation("pocket-pinned", "pocket", "if (pinned(coin) !== coin.amount)", "if (false)", "books"),
  mutation("pocket-fee", "pocket", "if (totalOf(inputs) - paidOut > limits.fee)", "if (false)", "books"),
  mutation("pocket-increment", "pocket", "pay > most)", "false)", "books"),
  mutation("pocket-open", "pocket", 'if (entry.phase !== "open")', "if (false)", "books"),
  mutation("pocket-undelivered", "pocket", "if (undelivered > slack)", "if (false)", "books"),
  mutation("pocket-refund-ends", "pocket", "this.end(txid);", "", "books"),
  mutation("pocket-refund-kept", "pocket", "    this.#ledger.save({ ...entry, refund });\n", "", "refunds"),
  mutation("pocket-refund-back", "pocket", "|| !mine.some(({ txid }) => txid === kept.txid)", "|| true", "refunds"),
  mutation("pocket-room", "pocket", "this.#ledger.isFull ? this.entries", "this.isFull ? this.entries", "refunds"),
  mutation("pocket-reopened", "pocket", "Math.max(known.paid, state.paid)", "state.paid", "refunds"),
  mutation(
    "pocket-said-over",
    "pocket",
    'entry.payee === payee && entry.phase !== "closed"',
    "entry.payee === payee",
    "refunds",
  ),
  rogue(
    "first-worth",
    "socket/channels",
    "if (entry.half === undefined && visit.ask === 0)",
    "if (false)",
    "takes no first increment that would not pay its closing, also while it sells none at all",
  ),
  rogue(
    "funding-coins",
    "socket/channels",
    "if (isPaidWithAny(ledger.record, rest.inputs))",
    "if (false)",
    "takes no funding over a coin that has paid for a session since it was proposed",
  ),
  rogue(
    "closing-as-it-was",
    "socket/channel-keeper",
    "this.asItIs(txid, Math.min(RAISED_AFTER, 2 * (this.#again.get(txid) ?? SENT_AGAIN / 2)));",
    "",
    "sends a closing again, as it is, that was refused while no block held its funding, and after a restart",
  ),
  rogue(
    "closing-unheard",
    "socket/channel-keeper",
    "this.asItIs(txid, ASK_AGAIN);",
    "",
    "sends a closing again, as it is, of which nobody knows whether it arrived",
  ),
  rogue(
    "dropped-late",
    "socket/channel-keeper",
    "if (now && this.isUnpaidAndLate(now, tip))",
    "if (now && this.isUnpaidAndLate(entry, tip))",
    "is not dropped where something is paid while the chain is asked",
  ),
  half("ended-opens", '?.phase !== "open";', "=== undefined;"),
  half("ended-other", "this.#pocket.isFull ? this.#pocket.otherAt(payee, here) : undefined", "undefined"),
  { ...half("gone-earned", "deposit - paid - earned", "deposit - paid"), file: "shared/cable/gone.ts" },
  {
    ...rogue(
      "coin-gone",
      "socket/channel-keeper",
      'const isFirst = error.kind === "conflict"',
      "const isFirst = false",
      "is made without it also by a backend that calls what is gone spent, and names no spender",
    ),
    tests: ["host-tests/controllers/channel-closing.test.ts"],
  },
  rogue(
    "gone-locked",
    "cable/channel-payer",
    "      keepGone(entry, this.#parts.ledger);\n",
    "",
    "counts a deposit as locked that its socket calls gone, until its owner forgives",
  ),
  rogue(
    "denied",
    "cable/channel-money",
    "if (denied > settings.maxIncrement)",
    "if (false)",
    "signs no more than one increment to a socket that denies each",
  ),
  rogue(
    "imitated",
    "cable/channel-payer",
    "this.#pocket.unheard(channel, offer.paid);",
    "{ pay: 0, energy: 0 };",
    "says an increment again to its socket that an imitator has collected in its name, and signs none more",
  ),
];
