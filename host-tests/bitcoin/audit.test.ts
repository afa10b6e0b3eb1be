import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { auditDraft } from "../../shared/bitcoin/audit";
import { AUDIT_REASONS, type AuditReason } from "../../shared/bitcoin/audit-reasons";
import type { Agreed, AuditExpectation } from "../../shared/bitcoin/audit-step";
import { actualFee, type Draft, outputsOf, unsignedHex } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { quoteFee } from "../../shared/bitcoin/fees";
import { frameOf, prepareDraft } from "../../shared/bitcoin/frame";
import { checkSigned, signDraft } from "../../shared/bitcoin/transaction";
import type { Outpoint } from "../../shared/kernel/ports";
import { energyFor } from "../../shared/kernel/units";
import type { DraftOffer } from "../../shared/protocol/types";
import { coin, draft, p2wshScript, socketScript, taprootScript, wallet, walletOf } from "./cases";

const INCREMENT = 10_000;
const PRICE = 250_000;
const SESSION = "5e".repeat(16);

const opening: AuditExpectation = {
  scheme: "single-fee",
  payerScript: wallet.script,
  increment: INCREMENT,
  price: PRICE,
  limits: { price: 300_000, fee: 2000, feeRate: 10_000, session: 100_000, arrears: 0 },
  pinned: () => undefined,
  pledgedElsewhere: () => false,
};

/** The state after one increment. */
const agreed: Agreed = {
  session: SESSION,
  socketScript,
  sessionMax: 90_000,
  expiry: 1000,
  inputs: draft.inputs,
  increment: 1,
  value: INCREMENT,
  paid: INCREMENT,
  fee: 209,
};
const going: AuditExpectation = { ...opening, agreed, frame: frameOf(draft.inputs, wallet.script) };
const second: Draft = { ...draft, value: 2 * INCREMENT };

/** What an honest socket offers for a draft. */
function offerOf(draft: Draft, rest: Partial<DraftOffer> = {}): DraftOffer {
  return {
    session: SESSION,
    scheme: "single-fee",
    increment: 1,
    inputs: draft.inputs.map(({ txid, vout, amount }) => ({ txid, vout, amount })),
    outputs: outputsOf(draft),
    fee: actualFee(draft),
    transaction: unsignedHex(draft),
    energy: energyFor(INCREMENT, PRICE),
    sessionMax: 90_000,
    arrears: 0,
    credit: 0,
    expiry: 1000,
    ...rest,
  };
}
const first = (draft: Draft, rest?: Partial<DraftOffer>): DraftOffer => offerOf(draft, rest);
const next = (draft: Draft, rest?: Partial<DraftOffer>): DraftOffer => offerOf(draft, { increment: 2, ...rest });

function verdict(offer: DraftOffer, expectation: AuditExpectation): AuditReason | "passed" {
  const result = auditDraft(offer, expectation);
  if (result.ok) return "passed";
  assert.ok(AUDIT_REASONS[result.reason].endsWith("."));
  assert.ok(result.detail.endsWith("."), result.detail);
  return result.reason;
}
const withLimits = (limits: Partial<AuditExpectation["limits"]>, base = opening): AuditExpectation => ({
  ...base,
  limits: { ...base.limits, ...limits },
});

test("an honest opening passes, is signed as audited, and the socket accepts it", () => {
  const result = auditDraft(first(draft), opening);
  assert.ok(result.ok);
  const signed = signDraft(result.draft, wallet, result.prepared);
  assert.ok(checkSigned(draft, signed, ecdsa).ok);
});

test("an honest next increment passes, and so does one at another fee within the limits", () => {
  assert.equal(verdict(next(second), going), "passed");
  assert.equal(verdict(next({ ...second, fee: 400 }), going), "passed");
  assert.equal(verdict(next({ ...second, fee: 100 }), going), "passed");
});

test("the frame of one audit serves the next, and one of other coins is not used", () => {
  const result = auditDraft(first(draft), opening);
  assert.ok(result.ok);
  const again = auditDraft(next(second), { ...going, frame: result.frame });
  assert.ok(again.ok);
  assert.equal(again.frame, result.frame);
  assert.deepEqual(again.prepared.digests, prepareDraft(second).digests);
  assert.equal(again.prepared.unsigned, prepareDraft(second).unsigned);
  const foreign = frameOf([coin("ee", 60_000)], wallet.script);
  const fresh = auditDraft(next(second), { ...going, frame: foreign });
  assert.ok(fresh.ok);
  assert.deepEqual(fresh.prepared.digests, again.prepared.digests);
});

test("payouts to P2WSH and P2TR pass, at their own size", () => {
  for (const script of [p2wshScript, taprootScript])
    assert.equal(verdict(first({ ...draft, socketScript: script, fee: 221 }), opening), "passed");
});

test("the last value may be repeated at a higher fee, for no energy; at the same fee it buys nothing", () => {
  const repeat = { ...draft, fee: 500 };
  assert.equal(verdict(next(repeat, { energy: 0 }), going), "passed");
  assert.equal(verdict(next(draft, { energy: 0 }), going), "nothing-bought");
  assert.equal(verdict(next({ ...draft, fee: 100 }, { energy: 0 }), going), "nothing-bought");
});

test("arrears are paid on opening only, along with an increment or alone, and no more than are owed", () => {
  const owing = withLimits({ arrears: 3000 });
  const withArrears = { ...draft, value: INCREMENT + 3000 };
  assert.equal(verdict(first(withArrears, { arrears: 3000 }), owing), "passed");
  assert.equal(verdict(first({ ...draft, value: 3000 }, { arrears: 3000, energy: 0 }), owing), "passed");
  assert.equal(verdict(first({ ...draft, value: INCREMENT + 3001 }, { arrears: 3001 }), owing), "arrears-refused");
  assert.equal(verdict(first(withArrears, { arrears: 3000 }), opening), "arrears-refused");
  assert.equal(verdict(first(withArrears), owing), "overcharged");
  const later = { ...second, value: second.value + 3000 };
  assert.equal(verdict(next(later, { arrears: 3000 }), withLimits({ arrears: 3000 }, going)), "arrears-refused");
});

test("in basic each draft is a transaction of its own that pays one increment", () => {
  const basic: AuditExpectation = { ...going, scheme: "basic", frame: undefined };
  const change = { ...draft, inputs: [coin("cd", 94_791, 1)], fee: 141 };
  assert.equal(verdict(next(change, { scheme: "basic" }), basic), "passed");
  assert.equal(verdict(next({ ...change, value: 20_000 }, { scheme: "basic" }), basic), "overcharged");
  const spent = { ...basic, pledgedElsewhere: (coin: Outpoint) => coin.txid === "cd".repeat(32) };
  assert.equal(verdict(next(change, { scheme: "basic" }), spent), "coin-pledged");
  assert.equal(verdict(next({ ...change, value: 0 }, { scheme: "basic", energy: 0 }), basic), "nothing-bought");
  const otherFrame = { ...basic, frame: frameOf(draft.inputs, wallet.script) };
  assert.equal(verdict(next(change, { scheme: "basic" }), otherFrame), "passed");
});

test("coins that were not pledged, in another order, fewer or twice are refused", () => {
  const [a, b] = draft.inputs;
  assert.ok(a && b);
  assert.equal(verdict(next({ ...second, inputs: [...draft.inputs, coin("ee", 9000)] }), going), "foreign-coin");
  assert.equal(verdict(next({ ...second, inputs: [a, { ...b, vout: 7 }] }), going), "foreign-coin");
  assert.equal(verdict(next({ ...second, inputs: [b, a] }), going), "wrong-coins");
  assert.equal(verdict(next({ ...second, inputs: [a] }), going), "wrong-coins");
  assert.equal(verdict(first({ ...draft, inputs: [a, a] }), opening), "duplicate-input");
  assert.equal(verdict(first(draft), { ...opening, pledgedElsewhere: ({ txid }) => txid === b.txid }), "coin-pledged");
});

test("an amount that differs from the one seen first is refused, in the session and across sessions", () => {
  const [a, b] = draft.inputs;
  assert.ok(a && b);
  const lying = { ...second, inputs: [{ ...a, amount: a.amount - 1000 }, b] };
  assert.equal(verdict(next(lying), going), "amount-changed");
  const pinned = ({ txid }: Outpoint) => (txid === a.txid ? a.amount : undefined);
  assert.equal(verdict(first({ ...lying, value: INCREMENT }), { ...opening, pinned }), "amount-changed");
  assert.equal(verdict(first(draft), { ...opening, pinned }), "passed");
});

test("two signings under different stated amounts can not be collected", () => {
  // The liar states one coin right and the other low, then the other way round: each signing would
  // be half valid.
  const [a, b] = draft.inputs;
  assert.ok(a && b);
  const pins = new Map([[a.txid, a.amount]]);
  const pinned = ({ txid }: Outpoint) => pins.get(txid);
  const halves = [
    [a, { ...b, amount: 20_000 }],
    [{ ...a, amount: 20_000 }, b],
  ];
  const passed = halves.filter((inputs) => verdict(first({ ...draft, inputs }), { ...opening, pinned }) === "passed");
  assert.equal(passed.length, 1);
});

test("a changed payee, or one that nobody could spend from, is refused", () => {
  const other = walletOf(8).script;
  assert.equal(verdict(next({ ...second, socketScript: other }), going), "payee-changed");
  for (const script of ["51024e73", "6a00", "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac", wallet.script])
    assert.equal(verdict(first({ ...draft, socketScript: script }), opening), "bad-payee", script);
});

test("change that goes elsewhere is redirected; change that is dust is wrong", () => {
  const [socket, change] = outputsOf(second);
  assert.ok(socket && change);
  const redirected = [socket, { ...change, script: walletOf(8).script }];
  assert.equal(verdict(next(second, { outputs: redirected }), going), "redirected-change");
  const dust = [socket, { ...change, amount: 293 }];
  const tight = { ...second, inputs: [coin("ab", 2 * INCREMENT + 293 + 300)] };
  const expectation = { ...going, frame: undefined, agreed: { ...agreed, inputs: tight.inputs } };
  assert.equal(verdict(next(tight, { outputs: dust, fee: 300 }), expectation), "wrong-change");
  assert.equal(verdict(next(tight), expectation), "passed");
});

test("more than one increment is overcharged, less is a wrong increment, under dust it is not relayed", () => {
  assert.equal(verdict(next({ ...second, value: second.value + 1 }), going), "overcharged");
  assert.equal(verdict(next({ ...second, value: 3 * INCREMENT }), going), "overcharged");
  assert.equal(verdict(next({ ...second, value: second.value - 1 }), going), "wrong-increment");
  assert.equal(verdict(next({ ...second, value: INCREMENT - 1 }), going), "wrong-increment");
  const small = { ...opening, increment: 293 };
  assert.equal(verdict(first({ ...draft, value: 293 }), small), "dust-increment");
  const taproot = { ...opening, increment: 329 };
  assert.equal(verdict(first({ ...draft, value: 329, socketScript: taprootScript }), taproot), "dust-increment");
});

test("value hidden in the fee is seen, and the whole fee counts against the limits", () => {
  assert.equal(verdict(next(second, { fee: 208 }), going), "hidden-fee");
  const [socket, change] = outputsOf(second);
  assert.ok(socket && change);
  const skimmed = [socket, { ...change, amount: change.amount - 5000 }];
  assert.equal(verdict(next(second, { outputs: skimmed }), going), "hidden-fee");
  assert.equal(verdict(next(second, { outputs: [socket] }), going), "hidden-fee");
  assert.equal(verdict(next(second, { outputs: [socket, { ...change, amount: 1e9 }] }), going), "hidden-fee");
  assert.equal(verdict(next({ ...second, fee: 2001 }), going), "fee-too-high");
  assert.equal(verdict(next({ ...second, fee: 2000 }), going), "passed");
  assert.equal(verdict(next({ ...second, fee: 210 }), withLimits({ feeRate: 1000 }, going)), "fee-rate-too-high");
  assert.equal(verdict(next(second), withLimits({ feeRate: 1000 }, going)), "passed");
});

test("dust that goes to the fee counts against the fee limit", () => {
  const tight = { ...draft, inputs: [coin("ab", INCREMENT + 110 + 293)], fee: 110 };
  assert.equal(verdict(first(tight), withLimits({ fee: 403 })), "passed");
  assert.equal(verdict(first(tight), withLimits({ fee: 402 })), "fee-too-high");
});

test("energy short of the agreed price and prices above the limit are refused", () => {
  assert.equal(verdict(next(second, { energy: energyFor(INCREMENT, PRICE) - 1 }), going), "energy-short");
  assert.equal(verdict(next(second), withLimits({ price: PRICE - 1 }, going)), "overpriced");
});

test("a session pays no more than its maximum and the owner's limit", () => {
  assert.equal(verdict(next(second), withLimits({ session: 19_999 }, going)), "session-limit");
  assert.equal(verdict(first(draft, { sessionMax: INCREMENT - 1 }), opening), "session-limit");
  const full = { ...going, agreed: { ...agreed, paid: 90_000, value: 90_000 } };
  assert.equal(verdict(next({ ...draft, value: 100_000 }), full), "session-limit");
});

test("another session, scheme, increment, maximum or end than agreed is refused", () => {
  assert.equal(verdict(next(second, { session: "00".repeat(16) }), going), "wrong-session");
  assert.equal(verdict(next(second, { scheme: "basic" }), going), "wrong-session");
  assert.equal(verdict(next(second, { increment: 3 }), going), "wrong-session");
  assert.equal(verdict(first(draft, { increment: 2 }), opening), "wrong-session");
  assert.equal(verdict(next(second, { sessionMax: 100_000 }), going), "terms-changed");
  assert.equal(verdict(next(second, { expiry: 1001 }), going), "terms-changed");
  assert.equal(verdict(first(draft, { expiry: 1001 }), withLimits({ expiry: 1000 })), "expiry-too-late");
});

test("what has the wrong form is malformed, and nothing throws", () => {
  const [a] = offerOf(draft).inputs;
  assert.ok(a);
  const bad: Partial<DraftOffer>[] = [
    { session: "xyz" },
    { session: SESSION.toUpperCase() },
    { increment: 1.5 },
    { fee: -1 },
    { fee: Number.NaN },
    { energy: Number.POSITIVE_INFINITY },
    { arrears: -5 },
    { credit: 0.5 },
    { expiry: -1 },
    { sessionMax: 22e14 },
    { inputs: [] },
    { inputs: Array.from({ length: 6 }, (_, vout) => ({ ...a, vout })) },
    { inputs: [{ ...a, txid: "ab" }] },
    { inputs: [{ ...a, txid: a.txid.toUpperCase() }] },
    { inputs: [{ ...a, vout: -1 }] },
    { inputs: [{ ...a, vout: 2 ** 32 }] },
    { inputs: [{ ...a, amount: 1.5 }] },
    { inputs: [a, { ...a, vout: 9, amount: 21e14 }] },
    { outputs: [] },
    { outputs: [...outputsOf(draft), { script: wallet.script, amount: 0 }] },
    { outputs: [{ script: socketScript, amount: -1 }] },
  ];
  for (const change of bad)
    assert.equal(verdict(first(draft, change), opening), "malformed-offer", JSON.stringify(change));
});

test("bytes that are not the cable's own are not canonical, whatever the fields say", () => {
  const { transaction } = offerOf(second);
  const changes = [
    `01${transaction.slice(2)}`,
    transaction.replace("fdffffff", "ffffffff"),
    `${transaction.slice(0, -8)}01000000`,
    transaction.toUpperCase(),
    `${transaction}00`,
    "",
    unsignedHex({ ...second, value: second.value + 1 }),
  ];
  for (const other of changes) assert.equal(verdict(next(second, { transaction: other }), going), "not-canonical");
});

const step = fc.constantFrom(-5000, -300, -1, 1, 300, 5000);
const flip = (hex: string, at: number): string => {
  const index = at % hex.length;
  const digit = ((Number.parseInt(hex[index] as string, 16) + 1) % 16).toString(16);
  return hex.slice(0, index) + digit + hex.slice(index + 1);
};
/**
 * One change of one field that a cable must notice; `credit` and more energy than is paid for cost
 * it nothing.
 */
const lie: fc.Arbitrary<(offer: DraftOffer) => DraftOffer> = fc.oneof(
  fc.nat().map((at) => (offer: DraftOffer) => ({ ...offer, transaction: flip(offer.transaction, at) })),
  fc.nat().map((at) => (offer: DraftOffer) => ({ ...offer, session: flip(offer.session, at) })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, increment: offer.increment + by })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, fee: offer.fee + by })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, energy: offer.energy - Math.abs(by) })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, sessionMax: offer.sessionMax + by })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, arrears: offer.arrears + by })),
  step.map((by) => (offer: DraftOffer) => ({ ...offer, expiry: offer.expiry + by })),
  fc.constant((offer: DraftOffer) => ({ ...offer, scheme: "basic" as const })),
  fc.tuple(fc.nat(1), step, fc.nat()).map(([at, by, digit]) => (offer: DraftOffer) => ({
    ...offer,
    inputs: offer.inputs.map((input, i) =>
      i !== at
        ? input
        : ([
            { ...input, amount: input.amount + by },
            { ...input, vout: input.vout + by },
            { ...input, txid: flip(input.txid, digit) },
          ][digit % 3] as typeof input),
    ),
  })),
  fc.tuple(fc.nat(1), step, fc.nat()).map(([at, by, digit]) => (offer: DraftOffer) => ({
    ...offer,
    outputs: offer.outputs.map((output, i) =>
      i !== at
        ? output
        : digit % 2
          ? { ...output, amount: output.amount + by }
          : { ...output, script: flip(output.script, digit) },
    ),
  })),
  fc.constant((offer: DraftOffer) => ({ ...offer, inputs: [...offer.inputs].reverse() })),
  fc.constant((offer: DraftOffer) => ({ ...offer, outputs: [...offer.outputs].reverse() })),
  fc.constant((offer: DraftOffer) => ({ ...offer, inputs: offer.inputs.slice(1) })),
  fc.constant((offer: DraftOffer) => ({ ...offer, outputs: offer.outputs.slice(0, 1) })),
);

test("no single changed field of an offer passes the audit", () => {
  fc.assert(
    fc.property(lie, (lie) => {
      assert.notEqual(verdict(lie(next(second)), going), "passed");
    }),
    { numRuns: 5000 },
  );
});

test("a lie made consistent, with bytes to match, still never costs more than the step and the fee limit", () => {
  // Each part is as honest as not, or hardly an offer would lie in one way alone.
  const liar = fc.record({
    value: fc.oneof(fc.constantFrom(agreed.value, second.value), fc.nat(60_000)),
    fee: fc.oneof(fc.constant(209), fc.nat(20_000)),
    arrears: fc.oneof(fc.constant(0), fc.nat(3000)),
    energy: fc.oneof(fc.constant(energyFor(INCREMENT, PRICE)), fc.nat(100_000)),
    amounts: fc.tuple(step, step),
    honestAmounts: fc.boolean(),
    change: fc.constantFrom(wallet.script, walletOf(99).script),
  });
  // At any rate: the limit of the fee itself is what this is about.
  const expectation = { ...going, limits: { ...going.limits, feeRate: 1_000_000 } };
  let passed = 0;
  fc.assert(
    fc.property(liar, ({ value, fee, arrears, energy, amounts, honestAmounts, change }) => {
      const inputs = draft.inputs.map((input, i) => ({
        ...input,
        amount: input.amount + (honestAmounts ? 0 : (amounts[i] as number)),
      }));
      const told = { ...draft, inputs, value: value + arrears, fee, payerScript: change };
      const result = auditDraft(next(told, { arrears, energy }), expectation);
      if (!result.ok) return;
      passed += 1;
      // With a sentence each: node takes minutes to find its own, once for each step of a
      // shrinking.
      assert.ok(value === agreed.value || value === second.value, `${value} sat are paid`);
      assert.equal(arrears, 0, "nothing is owed");
      assert.equal(change, wallet.script);
      assert.ok(actualFee(result.draft) <= going.limits.fee, `${fee} sat of fee`);
      assert.ok(value === agreed.value || energy >= energyFor(INCREMENT, PRICE), `${energy} mWh`);
      assert.deepEqual(
        result.draft.inputs.map((input) => input.amount),
        draft.inputs.map((input) => input.amount),
      );
    }),
    { numRuns: 2000 },
  );
  assert.ok(passed > 10, `${passed} offers were honest enough to pass`);
});

test("ten increments at moving fees pass, each at the value that is next", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 100, max: 9000 }), { minLength: 9, maxLength: 9 }), (rates) => {
      let state = agreed;
      rates.forEach((rate, i) => {
        const payment = { ...draft, value: (i + 2) * INCREMENT };
        const fee = quoteFee(payment, { rate });
        assert.ok(fee !== undefined);
        const offer = next({ ...payment, fee }, { increment: i + 2, sessionMax: 100_000 });
        const expectation = { ...going, agreed: { ...state, sessionMax: 100_000 } };
        const result = auditDraft(offer, expectation);
        assert.ok(result.ok, JSON.stringify(result));
        state = { ...state, increment: i + 2, value: payment.value, paid: payment.value, fee };
      });
      assert.equal(state.paid, 100_000);
    }),
    { numRuns: 30 },
  );
});

test("every reason of the catalogue has a sentence of its own", () => {
  const sentences = Object.values(AUDIT_REASONS);
  assert.equal(new Set(sentences).size, sentences.length);
});
