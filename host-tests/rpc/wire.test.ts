// The fields on the wire: their names, and that nothing of a wrong type, size or range passes.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FAULTS, Fault, type FaultName } from "../../shared/protocol/faults";
import { type Shape, WireError } from "../../shared/rpc/shapes";
import {
  draftOffer,
  faultText,
  paymentRequest,
  paymentResult,
  powerRequest,
  readFault,
  status,
  statusRequest,
} from "../../shared/rpc/wire";
import type { Struct, Value } from "../../shared/rpc/xmlrpc";
import {
  anyOffer,
  anyPaymentRequest,
  anyPowerRequest,
  anyResult,
  anyStatus,
  anyStatusRequest,
  OFFER,
  RESULT,
  STATUS,
} from "./samples";
import { anyValue } from "./values";
import { decodeFaultText, roundTrip } from "./wire-support";

const SHAPES: readonly (readonly [name: string, shape: Shape<unknown>, any: fc.Arbitrary<unknown>])[] = [
  ["a status request", statusRequest as Shape<unknown>, anyStatusRequest],
  ["a status", status as Shape<unknown>, anyStatus],
  ["a power request", powerRequest as Shape<unknown>, anyPowerRequest],
  ["an offer", draftOffer as Shape<unknown>, anyOffer],
  ["a payment", paymentRequest as Shape<unknown>, anyPaymentRequest],
  ["a payment's result", paymentResult as Shape<unknown>, anyResult],
];

for (const [name, shape, any] of SHAPES) {
  test(`${name} crosses the wire unchanged`, () => {
    fc.assert(
      fc.property(any, (value) => {
        assert.deepEqual(shape.read(roundTrip(shape.write(value)), ""), value);
      }),
      { numRuns: 150 },
    );
  });

  test(`${name} is refused when any one of its members is replaced by a value of another type`, () => {
    fc.assert(
      fc.property(any, anyValue, fc.nat(), (value, other, pick) => {
        const written = { ...(shape.write(value) as Struct) };
        const names = Object.keys(written);
        const member = names[pick % (names.length || 1)];
        if (member === undefined || kind(other) === kind(written[member] as Value) || isAmount(member, other)) return;
        assert.throws(
          () => shape.read({ ...written, [member]: other }, ""),
          (error) => {
            return error instanceof Fault || (error instanceof WireError && error.field.startsWith(member));
          },
        );
      }),
      { numRuns: 300 },
    );
  });

  test(`nothing at random passes for ${name} without having its members`, () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        let read: unknown;
        try {
          read = shape.read(value, "");
        } catch (error) {
          assert.ok(error instanceof WireError || error instanceof Fault);
          return;
        }
        assert.deepEqual(shape.read(shape.write(read), ""), read);
      }),
      { numRuns: 300 },
    );
  });
}

function kind(value: Value): string {
  return Array.isArray(value)
    ? "array"
    : typeof value === "object"
      ? (value?.constructor?.name ?? "Object")
      : typeof value;
}

/** Amounts may come as integers too. */
function isAmount(member: string, value: Value): boolean {
  return /_(sat|mwh)$/.test(member) && typeof value === "number";
}

test("the members have the names that the protocol gives", () => {
  const names = (value: Value) => Object.keys(value as Struct).join(" ");
  assert.equal(
    names(status.write(STATUS)),
    "version schemes state used_mwh remaining_mwh standby_remaining_mwh price_msat_per_wh increment_sat session_max_sat renewal_due lockout_ms",
  );
  assert.equal(
    names(draftOffer.write(OFFER)),
    "session scheme increment inputs outputs fee_sat transaction energy_mwh session_max_sat arrears_sat credit_mwh expiry_height",
  );
  const offer = draftOffer.write(OFFER) as { inputs: Value[]; outputs: Value[] };
  assert.equal(names(offer.inputs[0] as Value), "txid vout amount_sat");
  assert.equal(names(offer.outputs[0] as Value), "script amount_sat");
  assert.equal(
    names(paymentResult.write({ ...RESULT, txid: "00".repeat(32) })),
    "state credited_mwh remaining_mwh next txid",
  );
  assert.equal(names(powerRequest.write({ address: "a", scheme: "basic", session: "b" })), "address scheme session");
  assert.equal(
    names(paymentRequest.write({ session: "a", increment: 1, transaction: "b" })),
    "session increment transaction",
  );
  assert.equal(names(statusRequest.write({ waitMs: 1 })), "wait_ms");
  assert.equal(names(statusRequest.write({ address: "a", scheme: "basic" })), "address scheme");
});

test("amounts travel as decimal strings and are read as integers too", () => {
  const written = draftOffer.write(OFFER) as { fee_sat: Value };
  assert.equal(written.fee_sat, "141");
  assert.equal(draftOffer.read({ ...written, fee_sat: 141 }, "").fee, 141);
  assert.equal(draftOffer.read({ ...written, fee_sat: 2_100_000_000_000_000 }, "").fee, 2_100_000_000_000_000);
});

test("an amount that is not a plain decimal within its bounds is refused", () => {
  const written = draftOffer.write(OFFER) as Struct;
  for (const bad of [
    "",
    "-1",
    "+1",
    "01",
    "1.0",
    "1e3",
    " 1",
    "0x1",
    "2100000000000001",
    "9".repeat(40),
    -1,
    2_100_000_000_000_001,
  ]) {
    assert.throws(() => draftOffer.read({ ...written, fee_sat: bad }, ""), { name: "WireError", field: "fee_sat" });
  }
});

test("hexadecimal of a wrong length, case or oddness is refused", () => {
  const written = draftOffer.write(OFFER) as Struct;
  for (const bad of ["", "ab".repeat(15), "ab".repeat(17), "AB".repeat(16), `${"ab".repeat(15)}a`, "zz".repeat(16)]) {
    assert.throws(() => draftOffer.read({ ...written, session: bad }, ""), { field: "session" });
  }
  assert.throws(() => draftOffer.read({ ...written, transaction: "00".repeat(1025) }, ""), { field: "transaction" });
});

test("an error names the field by its path", () => {
  const written = draftOffer.write(OFFER) as { inputs: Value[] };
  const inputs = [...written.inputs, { txid: "ab".repeat(32), vout: -1, amount_sat: "1" }];
  assert.throws(() => draftOffer.read({ ...written, inputs }, ""), { field: "inputs[1].vout" });
  assert.throws(
    () => paymentResult.read({ ...(paymentResult.write(RESULT) as Struct), next: { ...written, fee_sat: "x" } }, ""),
    {
      field: "next.fee_sat",
    },
  );
  assert.throws(() => status.read({}, ""), { field: "version" });
});

test("more inputs or outputs than a draft can have are refused", () => {
  const written = draftOffer.write(OFFER) as { inputs: Value[]; outputs: Value[] } & Struct;
  const six = Array(6).fill(written.inputs[0]);
  assert.throws(() => draftOffer.read({ ...written, inputs: six }, ""), { field: "inputs" });
  assert.throws(() => draftOffer.read({ ...written, inputs: [] }, ""), { field: "inputs" });
  assert.throws(() => draftOffer.read({ ...written, outputs: Array(3).fill(written.outputs[0]) }, ""), {
    field: "outputs",
  });
});

test("a request with a member nobody knows is refused, an answer with one is read", () => {
  assert.throws(() => statusRequest.read({ wait: 5 }, ""), { name: "WireError", field: "wait" });
  assert.throws(() => powerRequest.read({ address: "a", scheme: "basic", sesion: "x" }, ""), { field: "sesion" });
  assert.deepEqual(status.read({ ...(status.write(STATUS) as Struct), later: 1 }, ""), STATUS);
});

test("a scheme that the socket does not know is a fault of its own, and one that the cable does not know is skipped", () => {
  assert.throws(() => powerRequest.read({ address: "a", scheme: "barter" }, ""), { fault: "unknown-scheme" });
  const written = { ...(status.write(STATUS) as Struct), schemes: ["barter", "basic"] };
  assert.deepEqual(status.read(written, "").schemes, ["basic"]);
});

test("every fault of the catalogue crosses the wire with its code, detail and advice", () => {
  for (const name of Object.keys(FAULTS) as FaultName[]) {
    const fault = new Fault(name, "Expected 2, found 3.", 4000);
    const { code, message } = decodeFaultText(fault.code, faultText(fault));
    const read = readFault(code, message, 4000);
    assert.deepEqual(
      [read?.fault, read?.code, read?.detail, read?.retryAfterMs],
      [name, fault.code, fault.detail, 4000],
    );
    assert.equal(read?.message, fault.message);
  }
});

test("codes of the catalogue are unique, and a code that is not in it is no Fault", () => {
  const codes = Object.values(FAULTS).map(([code]) => code);
  assert.equal(new Set(codes).size, codes.length);
  assert.equal(readFault(99, "x"), undefined);
});

test("a fault's text is printable and bounded whatever it quotes", () => {
  const text = faultText(new Fault("bad-address", `\ud800\u0000\n<&>${"x".repeat(1000)}`));
  assert.match(text, /^[ -~]{1,400}$/);
});
