// Calls that answer plausibly, and plausible values at random, for the tests of server, client and
// wire.

import fc from "fast-check";
import { MAX_SATOSHI } from "../../shared/kernel/units";
import type { Fault } from "../../shared/protocol/faults";
import type {
  DraftOffer,
  PaymentRequest,
  PaymentResult,
  PowerRequest,
  SocketCalls,
  Status,
  StatusRequest,
} from "../../shared/protocol/types";
import { INT_MAX } from "../../shared/rpc/xmlrpc";

export const STATUS: Status = Object.freeze({
  version: 1,
  schemes: ["single-fee", "basic"] as const,
  state: "paid",
  used: 12_345,
  remaining: 27_655,
  standbyRemaining: 100,
  price: 250_000,
  increment: 10_000,
  sessionMax: 100_000,
  renewalDue: false,
  lockoutMs: 0,
});

export const OFFER: DraftOffer = Object.freeze({
  session: "5e".repeat(16),
  scheme: "single-fee",
  increment: 1,
  inputs: [{ txid: "ab".repeat(32), vout: 1, amount: 5_000_000_000 }],
  outputs: [
    { script: `0014${"11".repeat(20)}`, amount: 10_000 },
    { script: `0014${"22".repeat(20)}`, amount: 4_999_989_859 },
  ],
  fee: 141,
  transaction: "02".repeat(113),
  energy: 40_000,
  sessionMax: 100_000,
  arrears: 0,
  credit: 0,
  expiry: 900_144,
});

export const RESULT: PaymentResult = Object.freeze({ state: "paid", credited: 40_000, remaining: 40_100, next: OFFER });

/** Calls that answer the samples, with what is given instead. */
export function calls(instead: Partial<SocketCalls> = {}): SocketCalls {
  return {
    getStatus: async () => STATUS,
    powerRequest: async () => OFFER,
    payTransaction: async () => RESULT,
    ...instead,
  };
}

/** Calls of get_status that stay open until `release`. */
export class Waiting {
  readonly #open: (() => void)[] = [];
  started = 0;
  readonly calls = calls({
    getStatus: async () => {
      this.started++;
      await new Promise<void>((resolve) => this.#open.push(resolve));
      return STATUS;
    },
  });

  release(): void {
    for (const resolve of this.#open.splice(0)) resolve();
  }
}

export function refusing(fault: Fault): SocketCalls {
  const refuse = async () => {
    throw fault;
  };
  return calls({ getStatus: refuse, powerRequest: refuse, payTransaction: refuse });
}

// ---------------------------------------------------------------- at random

const satoshi = fc.nat(MAX_SATOSHI);
const energy = fc.nat(Number.MAX_SAFE_INTEGER);
const int = (min: number) => fc.integer({ min, max: INT_MAX });
const hex = (least: number, most = least) =>
  fc.uint8Array({ minLength: least, maxLength: most }).map((bytes) => Buffer.from(bytes).toString("hex"));
const record = <T>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(members, { noNullPrototype: true }) as fc.Arbitrary<T>;
const scheme = fc.constantFrom("single-fee" as const, "basic" as const);
const state = fc.constantFrom("standby" as const, "paid" as const, "lockout" as const);

const STATUS_FIELDS = {
  version: int(1),
  schemes: fc.uniqueArray(scheme, { minLength: 1 }),
  state,
  used: energy,
  remaining: energy,
  standbyRemaining: energy,
  price: int(1),
  increment: satoshi,
  sessionMax: satoshi,
  renewalDue: fc.boolean(),
  lockoutMs: int(0),
};

export const anyStatus: fc.Arbitrary<Status> = fc.oneof(
  record(STATUS_FIELDS),
  record({ ...STATUS_FIELDS, payee: hex(4, 42) }),
);

export const anyOffer: fc.Arbitrary<DraftOffer> = record({
  session: hex(16),
  scheme,
  increment: int(1),
  inputs: fc.array(record({ txid: hex(32), vout: int(0), amount: satoshi }), { minLength: 1, maxLength: 5 }),
  outputs: fc.array(record({ script: hex(4, 42), amount: satoshi }), { minLength: 1, maxLength: 2 }),
  fee: satoshi,
  transaction: hex(10, 1024),
  energy,
  sessionMax: satoshi,
  arrears: satoshi,
  credit: energy,
  expiry: int(0),
});

export const anyResult: fc.Arbitrary<PaymentResult> = fc.record(
  { state, credited: energy, remaining: energy, next: anyOffer, txid: hex(32) },
  { requiredKeys: ["state", "credited", "remaining"], noNullPrototype: true },
);

const address = fc.stringMatching(/^bcrt1[a-z0-9]{10,60}$/);

export const anyStatusRequest: fc.Arbitrary<StatusRequest> = fc.record(
  { waitMs: fc.nat(60_000), address, scheme },
  { requiredKeys: [], noNullPrototype: true },
);

export const anyPowerRequest: fc.Arbitrary<PowerRequest> = fc.record(
  { address, scheme, session: hex(16) },
  { requiredKeys: ["address", "scheme"], noNullPrototype: true },
);

export const anyPaymentRequest: fc.Arbitrary<PaymentRequest> = record({
  session: hex(16),
  increment: int(1),
  transaction: hex(10, 1024),
});
