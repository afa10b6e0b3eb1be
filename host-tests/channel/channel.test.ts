// A channel's states and amounts, by themselves.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "../../shared/bitcoin/bytes";
import { dustOf } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { readRawTx } from "../../shared/chain/raw-tx";
import { changeAt, firstPayment, highestRate, mostPaid, unclosed, worthAt } from "../../shared/channel/amounts";
import {
  adopted,
  type Channel,
  CLOSING_MARGIN,
  closed,
  complete,
  confirmedAt,
  deadline,
  type Increment,
  mustClose,
  nextPay,
  opened,
  prepare,
  record,
  room,
  startClosing,
  validate,
} from "../../shared/channel/channel";
import { closingVsize, digestOfHalf, signHalf } from "../../shared/channel/closing";
import { indexOfPayeeKey, payeeSecret, payeeWallet } from "../../shared/channel/payee-key";
import { feeFor } from "../../shared/kernel/units";
import {
  buried,
  cable,
  demand,
  deposit,
  frame,
  keys,
  payee,
  payeeScript,
  payments,
  SEED,
  stranger,
  taprootScript,
} from "./cases";

const terms = { payeeScript, fee: 17, coins: [] };
const DEPOSIT = deposit.coin.amount;

function incrementOf(channel: Channel, pay: number): Increment {
  const increment = prepare(channel, frame, pay, cable);
  assert.ok(increment);
  return increment;
}

function reasonOf(channel: Channel, increment: Increment, change: Partial<typeof demand> = {}): string {
  const verdict = validate(channel, frame, increment, { ...demand, ...change }, ecdsa);
  return verdict.ok ? `taken, new: ${verdict.isNew}` : verdict.reason;
}

const first = incrementOf(buried, 400);
const once = record(buried, first);

describe("an increment", () => {
  it("is taken once, buys its sum, and replaces the one before it", () => {
    assert.deepEqual(validate(buried, frame, first, demand, ecdsa), { ok: true, isNew: true, pay: 400 });
    const second = incrementOf(once, 1);
    assert.deepEqual(validate(once, frame, second, { ...demand, pay: 1 }, ecdsa), { ok: true, isNew: true, pay: 1 });
    const twice = record(once, second);
    assert.deepEqual([twice.paid, twice.half], [401, second.half]);
    assert.ok(!JSON.stringify(twice).includes(first.half));
  });

  it("sent again changes nothing, also while the channel closes", () => {
    for (const channel of [once, startClosing(once), closed(once)])
      assert.deepEqual(validate(channel, frame, first, demand, ecdsa), { ok: true, isNew: false, pay: 0 });
  });

  it("is worth what was asked for at least, and buys what it is worth", () => {
    const next = incrementOf(once, 12);
    assert.equal(reasonOf(once, next, { pay: 12 }), "taken, new: true");
    assert.equal(reasonOf(once, next, { pay: 13 }), "underpaid");
    assert.deepEqual(validate(once, frame, next, { ...demand, pay: 11 }, ecdsa), { ok: true, isNew: true, pay: 12 });
    assert.equal(reasonOf(once, { ...next, paid: 400 }), "nothing-paid");
    assert.equal(reasonOf(record(once, next), first), "superseded");
  });

  it("belongs to its funding", () => {
    assert.equal(reasonOf(buried, { ...first, channel: "cd".repeat(32) }), "other-channel");
  });

  it("is a half of the state that it names: the cable's, of its type, strict", () => {
    const digit = first.half.at(-5) === "0" ? "1" : "0";
    const halves: readonly (readonly [string, string])[] = [
      ["of another sum", signHalf(frame, DEPOSIT - 401, cable)],
      ["changed", `${first.half.slice(0, -5)}${digit}${first.half.slice(-4)}`],
      ["with another type's byte", `${first.half.slice(0, -2)}01`],
      ["without a type", first.half.slice(0, -2)],
      ["of nothing", ""],
      ["of the type alone", "83"],
      ["with bytes behind it", `${first.half.slice(0, -2)}0083`],
      ["too long", `${"00".repeat(100)}83`],
      ["in upper case", first.half.toUpperCase()],
    ];
    for (const [name, half] of halves) assert.equal(reasonOf(buried, { ...first, half }), "bad-half", name);
  });

  it("is refused with a high S although any node's mathematics take it", () => {
    const der = hexToBytes(malleated(first.half).slice(0, -2));
    const digest = digestOfHalf(frame, DEPOSIT - 400);
    const loose = { lowS: false, prehash: false, format: "der" } as const;
    assert.ok(secp256k1.verify(der, digest, cable.publicKey, loose));
    assert.equal(reasonOf(buried, { ...first, half: malleated(first.half) }), "bad-half");
  });

  it("has fields of the right form", () => {
    for (const paid of [1.5, -1, Number.NaN, 2 ** 53, "400", undefined])
      assert.equal(reasonOf(buried, { ...first, paid: paid as number }), "malformed-increment", `${paid}`);
    for (const half of [undefined, 7, {}])
      assert.equal(reasonOf(buried, { ...first, half: half as unknown as string }), "malformed-increment");
  });

  it("leaves the cable a change that nodes relay", () => {
    const whole = incrementOf(buried, DEPOSIT - 294);
    assert.equal(reasonOf(buried, whole, { pay: DEPOSIT - 294 }), "taken, new: true");
    for (const paid of [DEPOSIT - 293, DEPOSIT, DEPOSIT + 1]) {
      const over = { ...whole, paid, half: signHalf(frame, Math.max(0, DEPOSIT - paid), cable) };
      assert.equal(reasonOf(buried, over, { pay: paid }), "used-up", `${paid}`);
    }
    assert.equal(prepare(buried, frame, DEPOSIT - 293, cable), undefined);
  });

  it("is not made of nothing, of parts, or on a channel that closes", () => {
    for (const pay of [0, -1, 0.5, Number.NaN]) assert.equal(prepare(buried, frame, pay, cable), undefined, `${pay}`);
    assert.equal(prepare(startClosing(once), frame, 1, cable), undefined);
  });
});

/** The same signature with the other S. */
function malleated(half: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const der = half.slice(0, -2);
  const at = der.length - 64;
  const s = (order - BigInt(`0x${der.slice(at)}`)).toString(16).padStart(64, "0");
  const head = der.slice(8, at - 4);
  const length = (head.length / 2 + 4 + 33).toString(16).padStart(2, "0");
  return `30${length}${der.slice(4, 8)}${head}022100${s}83`;
}

describe("a funding", () => {
  it("is used from the block that buries it on", () => {
    assert.equal(reasonOf(buried, first, { tip: 105 }), "taken, new: true");
    assert.equal(reasonOf(buried, first, { tip: 104 }), "not-buried");
    assert.equal(reasonOf(opened(deposit), first), "not-buried");
  });

  it("that a reorganisation took out of its block is not used, and moves the deadline", () => {
    assert.equal(reasonOf(confirmedAt(buried, undefined), first), "not-buried");
    const later = confirmedAt(buried, 103);
    assert.equal(deadline(later), 103 + keys.delay);
    assert.equal(reasonOf(later, first), "not-buried");
    assert.equal(deadline(opened(deposit)), undefined);
  });
});

describe("the time before the deadline", () => {
  const end = 100 + keys.delay;

  it("sells nothing from the margin on, and is never under a week", () => {
    assert.equal(deadline(buried), end);
    for (const margin of [CLOSING_MARGIN, 0, 2_000]) {
      const from = end - Math.max(margin, 1_008);
      assert.equal(reasonOf(buried, first, { tip: from - 1, margin }), "taken, new: true");
      assert.equal(reasonOf(buried, first, { tip: from, margin }), "near-deadline");
      assert.deepEqual([mustClose(buried, from - 1, margin), mustClose(buried, from, margin)], [false, true]);
    }
    assert.equal(mustClose(opened(deposit), 1e6, 1_008), false);
  });
});

describe("a closing", () => {
  it("is not completed before the channel closes, nor without an increment", () => {
    assert.throws(
      () => complete(once, frame, terms, payee),
      /expected a channel that is closing, got one that is open/,
    );
    assert.throws(() => complete(closed(once), frame, terms, payee), /got one that is closed/);
    assert.throws(() => complete(startClosing(buried), frame, terms, payee), /nothing was paid/);
  });

  it("ends the selling for good", () => {
    const closing = startClosing(once);
    const next = incrementOf(once, 12);
    assert.equal(reasonOf(closing, next, { pay: 12 }), "closing");
    assert.equal(reasonOf(closed(closing), next, { pay: 12 }), "closing");
    assert.deepEqual(startClosing(closed(closing)), closed(closing));
    assert.equal(nextPay(closing, 12, 300), 0);
  });

  it("is of the latest state, and made again at any higher fee", () => {
    for (const fee of [17, 40, 106]) {
      const { outputs } = readRawTx(complete(startClosing(once), frame, { ...terms, fee }, payee));
      assert.deepEqual(outputs, [
        { script: cable.script, amount: DEPOSIT - 400 },
        { script: payeeScript, amount: 400 - fee },
      ]);
    }
  });
});

describe("a state that a socket shows to a cable without a journal", () => {
  it("is believed where the cable signed it", () => {
    assert.deepEqual(adopted(deposit, frame, first, ecdsa), record(opened(deposit), first));
    assert.deepEqual(adopted(deposit, frame, { ...first, paid: 0, half: "" }, ecdsa), opened(deposit));
  });

  it("is not believed in any other sum, of another funding, by another key", () => {
    for (const paid of [399, 401, DEPOSIT, DEPOSIT + 1, -1, 0.5])
      assert.equal(adopted(deposit, frame, { ...first, paid }, ecdsa), undefined, `${paid}`);
    assert.equal(adopted(deposit, frame, { ...first, channel: "cd".repeat(32) }, ecdsa), undefined);
    const foreign = { ...deposit, keys: { ...keys, cableKey: bytesToHex(stranger.publicKey) } };
    assert.equal(adopted(foreign, frame, first, ecdsa), undefined);
  });
});

describe("a channel's amounts", () => {
  it("always add up, on both sides, whatever is paid", () => {
    fc.assert(
      fc.property(payments, (pays) => {
        let ours = buried;
        let theirs = buried;
        for (const step of pays) {
          const pay = nextPay(theirs, step, firstPayment(payeeScript, 100));
          assert.ok(pay <= room(theirs));
          if (pay === 0) break;
          const increment = incrementOf(ours, pay);
          assert.equal(validate(theirs, frame, increment, { ...demand, pay }, ecdsa).ok, true);
          [ours, theirs] = [record(ours, increment), record(theirs, increment)];
          assert.deepEqual(ours, theirs);
          assert.equal(changeAt(DEPOSIT, theirs.paid) + theirs.paid, DEPOSIT);
          assert.ok(changeAt(DEPOSIT, theirs.paid) >= 294);
          const { outputs } = readRawTx(complete(startClosing(theirs), frame, terms, payee));
          assert.equal((outputs[0]?.amount ?? 0) + (outputs[1]?.amount ?? 0) + terms.fee, DEPOSIT);
          assert.ok((outputs[1]?.amount ?? 0) >= 294, "worth something from the first payment on");
        }
      }),
      { numRuns: 6 },
    );
  });

  it("ask first for what the payee can use, and last for what is left", () => {
    assert.equal(nextPay(buried, 12, 311), 311);
    assert.equal(nextPay(buried, 400, 311), 400);
    assert.equal(nextPay(once, 12, 311), 12);
    const nearly = record(buried, { ...first, paid: DEPOSIT - 294 - 5 });
    assert.equal(nextPay(nearly, 12, 311), 5);
    assert.equal(nextPay(record(nearly, { ...first, paid: DEPOSIT - 294 }), 12, 311), 0);
    assert.equal(nextPay(buried, 12, DEPOSIT - 293), 0, "a deposit that cannot pay the first closes unused");
    assert.deepEqual([mostPaid(20_000), mostPaid(294), mostPaid(100)], [19_706, 0, 0]);
  });

  it("cover dust and the closing's fee at the rate of the day from the first payment on", () => {
    for (const script of [payeeScript, taprootScript])
      for (const rate of [100, 1_000, 20_000]) {
        const pay = firstPayment(script, rate);
        assert.equal(pay, dustOf(script) + feeFor(closingVsize(script), rate));
        assert.equal(worthAt(pay, script, rate), dustOf(script));
        assert.equal(worthAt(pay - 1, script, rate), 0);
        assert.ok(highestRate(pay, script) >= rate);
        assert.ok(feeFor(closingVsize(script), highestRate(pay, script)) <= pay - dustOf(script));
      }
    assert.equal(firstPayment(payeeScript, 100), 311);
    assert.equal(highestRate(10, payeeScript), 0);
  });

  it("that theft or fire could cost are of channels that the chain has not closed", () => {
    assert.equal(unclosed([once, startClosing(once), closed(once), buried]), 800);
  });
});

describe("payee keys", () => {
  it("are one a channel, and all from the seed", () => {
    const all = new Set(Array.from({ length: 50 }, (_, index) => bytesToHex(payeeSecret(SEED, index))));
    assert.equal(all.size, 50);
    assert.equal(bytesToHex(payeeWallet(SEED, 0, ecdsa).publicKey), keys.payeeKey);
    assert.notDeepEqual(payeeSecret(new Uint8Array(32).fill(1), 0), payeeSecret(SEED, 0));
  });

  it("are HMAC-SHA-256 of their number, as any tool can compute it", async () => {
    const { createHmac } = await import("node:crypto");
    assert.equal(
      bytesToHex(payeeSecret(SEED, 12)),
      createHmac("sha256", SEED).update("plugpay channel 12").digest("hex"),
    );
  });

  it("are found again by an owner who has the seed and a funding's memo", () => {
    const key = bytesToHex(payeeWallet(SEED, 4, ecdsa).publicKey);
    assert.equal(indexOfPayeeKey(SEED, key, ecdsa), 4);
    assert.equal(indexOfPayeeKey(SEED, key, ecdsa, 0, 4), undefined);
  });

  it("have no seed of another length, and no number beyond the range", () => {
    assert.throws(() => payeeSecret(SEED.subarray(1), 0), /a seed of 32 bytes, got 31/);
    for (const index of [-1, 0.5, 2 ** 31, Number.NaN]) assert.throws(() => payeeSecret(SEED, index), /an index of/);
    assert.equal(hexToBytes(bytesToHex(payeeSecret(SEED, 2 ** 31 - 1))).length, 32);
  });
});
