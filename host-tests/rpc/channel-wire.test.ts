// What the scheme `channel` adds to the wire: its fields, and that sockets and cables without it
// are not disturbed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_SATOSHI } from "../../shared/kernel/units";
import type { ChannelCalls, ChannelResult, ChannelTerms, VisitOffer } from "../../shared/protocol/channel";
import { Fault } from "../../shared/protocol/faults";
import { CHANNEL } from "../../shared/protocol/words";
import {
  channelOffer,
  channelPayment,
  channelRequest,
  channelResult,
  channelTerms,
  isChannelPayment,
  isChannelRequest,
} from "../../shared/rpc/channel-wire";
import { decodeCall, decodeResponse } from "../../shared/rpc/decode";
import { encodeCall } from "../../shared/rpc/encode";
import { answerCall, REQUEST_LIMITS } from "../../shared/rpc/methods";
import { type Shape, WireError } from "../../shared/rpc/shapes";
import { paymentRequest, powerRequest, status } from "../../shared/rpc/wire";
import { INT_MAX, type Struct, type Value } from "../../shared/rpc/xmlrpc";
import { calls, STATUS } from "./samples";
import { anyValue } from "./values";
import { roundTrip } from "./wire-support";

const KEY = `02${"ab".repeat(32)}`;
const TXID = "cd".repeat(32);
const TICKET = "ef".repeat(16);
const HALF = `30${"44".repeat(70)}83`;
const VISIT: VisitOffer = {
  scheme: CHANNEL,
  channel: TXID,
  payeeKey: KEY,
  delay: 4_032,
  version: 3,
  deposit: 5_000,
  paid: 311,
  half: HALF,
  pay: 4,
  energy: 13_333,
  price: 300,
  credit: 12,
  closing: false,
};
const TERMS: ChannelTerms = {
  payeeKey: KEY,
  depositLeast: 5_000,
  depositMost: 100_000,
  delay: 4_032,
  confirmations: 6,
  margin: 1_008,
  version: 3,
  first: 311,
  step: 1,
};
const RESULT: ChannelResult = { channel: TXID, state: "paid", credited: 5, remaining: 6, pay: 4, energy: 13_333 };

const satoshi = fc.nat(MAX_SATOSHI);
const energy = fc.nat(Number.MAX_SAFE_INTEGER);
const hex = (least: number, most = least): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((bytes) => Buffer.from(bytes).toString("hex"));
const record = <T>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }, requiredKeys?: (keyof T)[]): fc.Arbitrary<T> =>
  fc.record<T>(members, { noNullPrototype: true, ...(requiredKeys && { requiredKeys }) } as never) as fc.Arbitrary<T>;
const blocks = fc.integer({ min: 1, max: 32_767 });
const scheme = fc.constant(CHANNEL);
const version = fc.integer({ min: 2, max: 3 });

const SHAPES: readonly (readonly [name: string, shape: Shape<unknown>, any: fc.Arbitrary<unknown>])[] = [
  [
    "terms",
    channelTerms as Shape<unknown>,
    record({
      payeeKey: hex(33),
      depositLeast: satoshi,
      depositMost: satoshi,
      delay: blocks,
      confirmations: blocks,
      margin: blocks,
      version,
      first: satoshi,
      step: satoshi,
    }),
  ],
  [
    "a request",
    channelRequest as Shape<unknown>,
    record(
      { scheme, cableKey: hex(33), ticket: hex(16), deposit: satoshi, channel: hex(32), close: fc.boolean() } as Record<
        string,
        fc.Arbitrary<unknown>
      >,
      ["scheme", "cableKey", "ticket"],
    ),
  ],
  [
    "a funding's proposal",
    channelOffer as Shape<unknown>,
    record({
      scheme,
      payeeKey: hex(33),
      delay: blocks,
      version,
      inputs: fc.array(record({ txid: hex(32), vout: fc.nat(INT_MAX), amount: satoshi }), {
        minLength: 1,
        maxLength: 5,
      }),
      deposit: satoshi,
      fee: satoshi,
      transaction: hex(10, 1024),
    }),
  ],
  [
    "a visit's offer",
    channelOffer as Shape<unknown>,
    record({
      scheme,
      channel: hex(32),
      payeeKey: hex(33),
      delay: blocks,
      version,
      deposit: satoshi,
      paid: satoshi,
      half: hex(9, 72),
      pay: satoshi,
      energy,
      price: fc.integer({ min: 1, max: INT_MAX }),
      credit: energy,
      closing: fc.boolean(),
    }),
  ],
  [
    "a payment",
    channelPayment as Shape<unknown>,
    record({ ticket: hex(16), channel: hex(32), paid: satoshi, half: hex(9, 72) }),
  ],
  [
    "a result",
    channelResult as Shape<unknown>,
    record({
      channel: hex(32),
      state: fc.constantFrom("standby", "paid", "lockout"),
      credited: energy,
      remaining: energy,
      pay: satoshi,
      energy,
    }),
  ],
];

for (const [name, shape, any] of SHAPES) {
  describe(`${name} of a channel`, () => {
    it("crosses the wire unchanged", () => {
      fc.assert(
        fc.property(any, (value) => assert.deepEqual(shape.read(roundTrip(shape.write(value)), ""), value)),
        { numRuns: 100 },
      );
    });

    it("is refused, with the field's name, where a member has another type", () => {
      fc.assert(
        fc.property(any, anyValue, fc.nat(), (value, other, pick) => {
          const written = { ...(shape.write(value) as Struct) };
          const member = Object.keys(written)[pick % Object.keys(written).length] as string;
          const isAmount = /_(sat|mwh)$/.test(member) && typeof other === "number";
          if (typeof other === typeof written[member] || isAmount) return;
          assert.throws(
            () => shape.read({ ...written, [member]: other }, ""),
            (error) => error instanceof WireError && error.field.startsWith(member),
          );
        }),
        { numRuns: 200 },
      );
    });
  });
}

describe("a socket that sells by channel", () => {
  const seen: unknown[] = [];
  const channels: ChannelCalls = {
    request: async (request) => {
      seen.push(request);
      return VISIT;
    },
    pay: async (payment) => {
      seen.push(payment);
      return RESULT;
    },
  };
  const answer = async (method: string, param: Value, sells = true): Promise<ReturnType<typeof decodeResponse>> => {
    const socket = calls(sells ? { channels } : {});
    return decodeResponse((await answerCall(encodeCall(method, [param]), socket, "peer", assert.fail)).xml);
  };

  it("tells its terms in get_status, which a cable without channels passes over", () => {
    const told = status.write({ ...STATUS, schemes: ["channel", "single-fee"], channel: TERMS }) as Struct;
    assert.deepEqual(told.schemes, ["channel", "single-fee"]);
    assert.deepEqual(status.read(roundTrip(told), "").channel, TERMS);
    // What a reader of version 1 without channels does with names and members that it does not
    // know.
    const { channel: _, ...rest } = told;
    assert.deepEqual(
      Object.keys(rest),
      Object.keys(status.write({ ...STATUS, schemes: ["channel", "single-fee"] }) as Struct),
    );
  });

  it("gets each power_request and pay_transaction by the scheme that it is of", async () => {
    const request = { scheme: CHANNEL, cable_key: KEY, ticket: TICKET, channel: TXID };
    assert.deepEqual(await answer("power_request", request), {
      kind: "value",
      value: wired(channelOffer.write(VISIT)),
    });
    assert.deepEqual(seen.pop(), { scheme: CHANNEL, cableKey: KEY, ticket: TICKET, channel: TXID });
    const payment = { ticket: TICKET, channel: TXID, paid_sat: "315", half: HALF };
    assert.deepEqual(await answer("pay_transaction", payment), {
      kind: "value",
      value: wired(channelResult.write(RESULT)),
    });
    assert.deepEqual(seen.pop(), { ticket: TICKET, channel: TXID, paid: 315, half: HALF });
    const draft = await answer("power_request", powerRequest.write({ address: "bcrt1qq", scheme: "single-fee" }));
    assert.ok(draft.kind === "value" && (draft.value as Map<string, Value>).has("session"));
    assert.equal(seen.length, 0);
  });

  it("refuses by name what it does not sell, and what it does not know", async () => {
    const request = { scheme: CHANNEL, cable_key: KEY, ticket: TICKET, channel: TXID };
    const code = async (...args: Parameters<typeof answer>): Promise<number | undefined> => {
      const result = await answer(...args);
      return result.kind === "fault" ? result.code : undefined;
    };
    assert.equal(await code("power_request", request, false), 101);
    assert.equal(await code("pay_transaction", { channel: TXID, ticket: TICKET }, false), 101);
    assert.equal(await code("power_request", { ...request, memo: "x" }), -32602);
    assert.equal(await code("power_request", { ...request, cable_key: KEY.slice(2) }), -32602);
    assert.equal(await code("pay_transaction", { channel: TXID }), -32602);
    assert.equal(await code("pay_transaction", { channel: TXID, ticket: TICKET, paid_sat: "-1" }), -32602);
  });

  it("is asked within the limits of a request, with five inputs in a funding and sixteen promised coins", () => {
    const promised = Array.from({ length: 16 }, (_, vout) => ({ txid: TXID, vout }));
    const largest: readonly (readonly [string, Value])[] = [
      [
        "power_request",
        channelRequest.write({ scheme: CHANNEL, cableKey: KEY, ticket: TICKET, deposit: 5_000, promised }),
      ],
      ["pay_transaction", channelPayment.write({ ticket: TICKET, funding: "02".repeat(1_024) })],
    ];
    for (const [method, param] of largest)
      assert.equal(decodeCall(encodeCall(method, [param]), REQUEST_LIMITS).method, method);
  });

  it("knows a channel's call by one member", () => {
    assert.ok(isChannelRequest({ scheme: CHANNEL }) && !isChannelRequest({ scheme: "basic" }) && !isChannelRequest(7));
    assert.ok(isChannelPayment({ funding: "00" }) && isChannelPayment({ channel: "00" }));
    assert.ok(!isChannelPayment(paymentRequest.write({ session: TICKET, increment: 1, transaction: "00" })));
  });
});

describe("a socket of version 1 without channels", () => {
  it("says which schemes it has instead, in a fault that a cable reads", async () => {
    const { xml } = await answerCall(
      encodeCall("power_request", [powerRequest.write({ address: "bcrt1qq", scheme: "channel" as never })]),
      calls(),
      "peer",
      assert.fail,
    );
    const result = decodeResponse(xml);
    assert.ok(result.kind === "fault" && result.code === new Fault("unknown-scheme").code);
  });
});

function wired(value: Value): Value {
  return roundTrip(value);
}
