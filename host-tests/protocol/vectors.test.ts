// The vectors of whole sessions: what they say is what the wire, the draft's rules and the chain
// make of it, and what the devices say today.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { realEcdsa } from "../../lab/model/signers";
import { inputFault, parse } from "../../lab/model/transaction";
import { auditDraft } from "../../shared/bitcoin/audit";
import { unsignedHex } from "../../shared/bitcoin/draft";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { signDraft } from "../../shared/bitcoin/sign";
import { openWallet } from "../../shared/bitcoin/wallet";
import type { DraftOffer, PaymentRequest } from "../../shared/protocol/types";
import { decodeCall, decodeResponse } from "../../shared/rpc/decode";
import type { Shape } from "../../shared/rpc/shapes";
import * as wire from "../../shared/rpc/wire";
import type { Value } from "../../shared/rpc/xmlrpc";
import { essence, FOLDER, type ProtocolVector, protocolVectors } from "../../tools/protocol-vectors";
import { plainOf, type VectorCall } from "../../tools/vector-wire";

const vectors = readdirSync(FOLDER)
  .sort()
  .map((file) => JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as ProtocolVector);

const REQUESTS: Readonly<Record<string, Shape<never>>> = {
  get_status: wire.statusRequest as Shape<never>,
  power_request: wire.powerRequest as Shape<never>,
  pay_transaction: wire.paymentRequest as Shape<never>,
};
const RESULTS: Readonly<Record<string, Shape<unknown>>> = {
  get_status: wire.status,
  power_request: wire.draftOffer,
  pay_transaction: wire.paymentResult,
};

/** Each offer of the session, by number; a later one of the same number takes its place. */
function offersOf(vector: ProtocolVector, call: (offer: DraftOffer, paid: PaymentRequest | undefined) => void): void {
  let standing: DraftOffer | undefined;
  for (const { method, request, result } of vector.calls) {
    if (method === "power_request" && result) standing = wire.draftOffer.read(result as Value, "");
    if (method !== "pay_transaction" || !result) continue;
    const payment = wire.paymentRequest.read(request as Value, "");
    if (standing?.increment === payment.increment) call(standing, payment);
    const { next } = wire.paymentResult.read(result as Value, "");
    if (next) standing = next;
  }
}

for (const vector of vectors)
  describe(`the session ${vector.name}`, () => {
    it("says in XML what it says in JSON", () => {
      for (const call of vector.calls) checkXml(call);
    });

    it("has drafts that the cable builds for itself, byte for byte, and signs to the same bytes", () => {
      const wallet = openWallet(Buffer.from(vector.cable.secret, "hex"), ecdsa);
      assert.equal(wallet.script, vector.cable.script);
      let checked = 0;
      offersOf(vector, (offer, payment) => {
        const [toSocket] = offer.outputs;
        if (!toSocket || !payment) return;
        assert.equal(toSocket.script, vector.socket.script);
        const draft = {
          inputs: offer.inputs,
          payerScript: wallet.script,
          socketScript: toSocket.script,
          value: toSocket.amount,
          fee: offer.fee,
        };
        assert.equal(unsignedHex(draft), offer.transaction);
        assert.equal(signDraft(draft, wallet), payment.transaction);
        checked += 1;
      });
      assert.ok(checked > 0);
    });

    it("opens with an offer that the audit passes", () => {
      const opening = vector.calls.find((call) => call.method === "power_request" && call.result);
      const offer = wire.draftOffer.read(opening?.result as Value, "");
      const { price, increment, sessionMax } = vector.socket.settings as Record<string, number>;
      const verdict = auditDraft(offer, {
        scheme: offer.scheme,
        payerScript: vector.cable.script,
        increment: increment ?? 0,
        price: price ?? 0,
        limits: { price: price ?? 0, fee: 5_000, feeRate: 100_000, session: sessionMax ?? 0, arrears: 0 },
        pinned: (coin) => vector.coins.find((own) => own.txid === coin.txid && own.vout === coin.vout)?.amount,
        pledgedElsewhere: () => false,
      });
      assert.ok(verdict.ok, JSON.stringify(verdict));
    });

    it("ends with transactions that verify against the coins by themselves", () => {
      const coins = new Map(
        vector.coins.map((coin) => [`${coin.txid}:${coin.vout}`, { amount: coin.amount, script: vector.cable.script }]),
      );
      for (const { txid, hex, vbytes, fee } of vector.mined) {
        const tx = parse(hex);
        assert.equal(tx.txid, txid);
        assert.equal(tx.vsize, vbytes);
        let spent = 0;
        tx.inputs.forEach((input, i) => {
          const coin = coins.get(`${input.txid}:${input.vout}`);
          assert.ok(coin, `input ${i} of ${txid}`);
          assert.equal(inputFault(tx, i, coin, realEcdsa.verify), undefined);
          spent += coin.amount;
        });
        tx.outputs.forEach((output, vout) => {
          coins.set(`${txid}:${vout}`, output);
          spent -= output.amount;
        });
        assert.equal(spent, fee);
      }
    });
  });

describe("the vectors", () => {
  it("are what the devices say today (npx tsx tools/protocol-vectors.ts writes them anew)", async () => {
    const today = await protocolVectors();
    const plain = (list: readonly ProtocolVector[]): unknown =>
      JSON.parse(JSON.stringify([...list].sort((a, b) => (a.name < b.name ? -1 : 1)).map(essence)));
    assert.deepEqual(plain(today), plain(vectors));
  });

  it("show first calls that tell whose request follows, of a cable that comes back with its ticket, too", () => {
    const announced = vectors.flatMap(({ name, cable, calls }) =>
      calls
        .filter(({ method, requestXml }) => method === "get_status" && requestXml.includes("<name>address</name>"))
        .map(({ request }) => ({ name, request, address: cable.address })),
    );
    assert.deepEqual([...new Set(announced.map(({ name }) => name))], ["refusals", "return"]);
    for (const { request, address } of announced) assert.deepEqual(request, { address, scheme: "single-fee" });
    const back = vectors.find(({ name }) => name === "return");
    assert.ok(
      back?.calls.some(({ method, requestXml }) => method === "power_request" && requestXml.includes("ticket")),
    );
  });

  it("show both schemes, a commitment outbid, and at least ten different refusals", () => {
    const faults = new Set(vectors.flatMap((vector) => vector.calls.flatMap((call) => call.fault?.name ?? [])));
    assert.ok(faults.size >= 10, [...faults].join(", "));
    const offers = vectors.flatMap((vector) =>
      vector.calls
        .filter((call) => call.method === "power_request" && call.result)
        .map((call) => wire.draftOffer.read(call.result as Value, "")),
    );
    assert.deepEqual([...new Set(offers.map(({ scheme }) => scheme))].sort(), ["basic", "single-fee"]);
    assert.ok(offers.some(({ energy }) => energy === 0));
  });
});

function checkXml({ method, request, requestXml, result, fault, answerXml }: VectorCall): void {
  const call = decodeCall(requestXml);
  assert.equal(call.method, method);
  assert.deepEqual(plainOf(call.params[0] ?? {}), request);
  const shape = REQUESTS[method] as Shape<unknown>;
  if (call.params[0] !== undefined && fault?.name !== "invalid-parameters") shape.read(request as Value, "");
  const answer = decodeResponse(answerXml);
  if (answer.kind === "fault") {
    assert.equal(answer.code, fault?.code);
    return;
  }
  assert.deepEqual(plainOf(answer.value), result);
  (RESULTS[method] as Shape<unknown>).read(result as Value, "");
}
