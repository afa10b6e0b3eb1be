// The vectors of whole sessions by channel: what they say is what the devices say today, what the
// wire makes of it, and what an independent judge takes.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readRawTx } from "../../shared/chain/raw-tx";
import { depositScript } from "../../shared/channel/script";
import { channelOffer, channelPayment, channelRequest, channelResult } from "../../shared/rpc/channel-wire";
import { decodeCall, decodeResponse } from "../../shared/rpc/decode";
import type { Shape } from "../../shared/rpc/shapes";
import * as wire from "../../shared/rpc/wire";
import type { Value } from "../../shared/rpc/xmlrpc";
import { CHANNEL_FOLDER, type ChannelVector, channelVectors } from "../../tools/channel-vectors";
import { plainOf } from "../../tools/vector-wire";
import { maySpend, vsizeOfSigned } from "./judge";

const vectors = readdirSync(CHANNEL_FOLDER)
  .sort()
  .map((file) => JSON.parse(readFileSync(join(CHANNEL_FOLDER, file), "utf8")) as ChannelVector);

const SHAPES: Readonly<Record<string, readonly [request: Shape<never>, result: Shape<unknown>]>> = {
  get_status: [wire.statusRequest as Shape<never>, wire.status],
  power_request: [channelRequest as Shape<never>, channelOffer],
  pay_transaction: [channelPayment as Shape<never>, channelResult],
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

for (const vector of vectors)
  describe(`the session by channel "${vector.name}"`, () => {
    it("says in XML what it says in JSON", () => {
      for (const { method, request, requestXml, result, fault, answerXml } of vector.calls) {
        const [asked, answered] = SHAPES[method] ?? assert.fail(method);
        const call = decodeCall(requestXml);
        assert.equal(call.method, method);
        assert.deepEqual(plainOf(call.params[0] ?? {}), request);
        if (call.params[0] !== undefined) asked.read(request as Value, "");
        const answer = decodeResponse(answerXml);
        if (answer.kind === "fault") {
          assert.equal(answer.code, fault?.code);
          continue;
        }
        assert.deepEqual(plainOf(answer.value), result);
        answered.read(result as Value, "");
      }
    });

    it("ends with a funding and a closing that the judge takes, and would have had a refund", () => {
      const [funding, closing] = vector.mined;
      assert.ok(funding && closing);
      const coin = readRawTx(funding.hex).inputs[0];
      const own = vector.coins.find(({ txid, vout }) => txid === coin?.txid && vout === coin.vout) ?? assert.fail();
      assert.ok(maySpend(funding.hex, 0, { amount: own.amount, script: vector.cable.script }));
      const { amount } = readRawTx(funding.hex).outputs[0] ?? assert.fail();
      const deposit = { amount, script: depositScript(vector.script) };
      assert.ok(maySpend(closing.hex, 0, deposit));
      assert.ok(maySpend(vector.refund.hex, 0, deposit));
      for (const { hex, vbytes } of vector.mined) assert.equal(vsizeOfSigned(hex), vbytes);
      for (const hex of [closing.hex, vector.refund.hex])
        assert.deepEqual(readRawTx(hex).inputs, [{ txid: funding.txid, vout: 0 }]);
    });

    it("pays by its closing what its last increment says", () => {
      const paid = Math.max(
        ...vector.calls.map(({ request }) => Number((request as { paid_sat?: string }).paid_sat ?? 0)).slice(0, -1),
      );
      const [change, share] = readRawTx(vector.mined[1]?.hex ?? "").outputs;
      assert.equal(change?.script, vector.cable.script);
      assert.deepEqual([change?.amount, share?.amount], [5_000 - paid, paid - (vector.mined[1]?.fee ?? 0)]);
    });
  });

it("the vectors by channel are what the devices say today (npx tsx tools/protocol-vectors.ts writes them anew)", async () => {
  assert.deepEqual(plain(await channelVectors()), vectors);
});
