// What earlier images wrote of a cable, as this one has it: whoever cheated, what amounts were
// pinned and which coins are promised is not forgotten by an update.

import type { Older } from "../journal/journal";
import { constant } from "../kernel/constant";
import { integer } from "../kernel/shape";
import type { MilliSatPerWh } from "../kernel/units";
import type { CableRecord, Pledge, Signed } from "./record";

/**
 * Version 1 kept no price with a pledge. A dear one: less energy counts as owed for what was never
 * acknowledged, and the sum itself stays as it was.
 */
const UNKNOWN_PRICE: MilliSatPerWh = 1_000_000;

/** Version 1: pledges said only whether the last commitment was acknowledged. */
type Pledge1 = Pick<Pledge, "scheme" | "socketScript" | "outpoints" | "commitments"> & { readonly open: boolean };
type Record1 = Omit<CableRecord, "pledges" | "handed"> & { readonly pledges: readonly Pledge1[] };

export const CABLE_OLDER: Older = constant({
  from: 1,
  // What is none is refused by the check of this version's shape.
  upgrade: (value: unknown): unknown => {
    const { pledges, ...rest } = value as Record1;
    return { ...rest, version: 2, handed: handedOf(rest), pledges: pledges.map((each) => upgraded(each, rest)) };
  },
});

function handedOf({ session, signed }: Pick<CableRecord, "session" | "signed">): CableRecord["handed"] {
  if (!session) return { paid: 0, fee: 0 };
  const last = session.commitments[session.commitments.length - 1];
  return { paid: session.paid + sentOf(signed), fee: Math.max(last?.fee ?? 0, signed?.fee ?? 0) };
}

function sentOf(signed: Signed | undefined): number {
  return signed?.sent ? integer(signed.pay, "signed.pay") : 0;
}

function upgraded({ open, ...pledge }: Pledge1, { session }: Pick<CableRecord, "session">): Pledge {
  const { scheme, socketScript, outpoints, commitments } = pledge;
  // The last commitment over the same coins pays all that the ones before it did.
  const unanswered = open ? (commitments[commitments.length - 1]?.value ?? 0) : 0;
  const price = session?.price ?? UNKNOWN_PRICE;
  return { scheme, socketScript, price, outpoints, commitments, unanswered, fee: 0, forgiven: false };
}
