// A release is told from any other transaction by its bytes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { draftVsize } from "../../shared/bitcoin/draft";
import { coinsOfRelease, releaseDraft, releaseVsize } from "../../shared/bitcoin/release";
import { signDraft } from "../../shared/bitcoin/sign";
import { coin, draft, wallet } from "./cases";

const inputs = [coin("a", 50_000), coin("b", 70_000, 1)];
const release = releaseDraft(inputs, wallet.script, 400);
const signed = signDraft(release, wallet);

describe("a release", () => {
  it("names the coins that it sends back to their owner", () => {
    const outpoints = inputs.map(({ txid, vout }) => ({ txid, vout }));
    assert.deepEqual(coinsOfRelease(signed, wallet.script), outpoints);
  });

  it("is as large as it says", () => {
    assert.equal(releaseVsize(2, wallet.script), draftVsize(release));
  });

  it("is no payment to anybody else", () => {
    assert.equal(coinsOfRelease(signDraft(draft, wallet), wallet.script), undefined);
    assert.equal(coinsOfRelease(signed, `0014${"ab".repeat(20)}`), undefined);
  });

  it("is not recognised with a digit changed, but for ids, numbers, amount and signatures, nor cut short, nor made longer", () => {
    for (let at = 0; at < signed.length; at++) {
      const changed = `${signed.slice(0, at)}g${signed.slice(at + 1)}`;
      assert.equal(coinsOfRelease(changed, wallet.script), undefined, `digit ${at}`);
      assert.equal(coinsOfRelease(signed.slice(0, at), wallet.script), undefined, `cut at ${at}`);
    }
    assert.equal(coinsOfRelease(`${signed}00`, wallet.script), undefined);
    for (const at of [0, 8, 10, 12, 14 + 72, 14 + 74]) {
      const digit = signed[at] === "0" ? "1" : "0";
      assert.equal(coinsOfRelease(`${signed.slice(0, at)}${digit}${signed.slice(at + 1)}`, wallet.script), undefined);
    }
  });
});
