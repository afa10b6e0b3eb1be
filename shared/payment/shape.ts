// The shapes of a session in both devices' journals.

import type { Coin } from "../kernel/ports";
import { arrayOf, type Check, hex, integer, object, oneOf, optional } from "../kernel/shape";
import type { Commitment, Session } from "./session";

export const coinShape: Check<Coin> = object<Coin>({
  txid: hex(32),
  vout: integer,
  amount: integer,
  height: optional(integer),
});
export const commitmentShape: Check<Commitment> = object<Commitment>({ txid: hex(32), value: integer, fee: integer });
export const schemeShape = oneOf("single-fee", "basic");

export const sessionShape: Check<Session> = object<Session>({
  id: hex(16),
  scheme: schemeShape,
  payerScript: hex(),
  socketScript: hex(),
  price: integer,
  increment: integer,
  max: integer,
  arrears: integer,
  expiry: integer,
  inputs: arrayOf(coinShape, 8),
  paid: integer,
  commitments: arrayOf(commitmentShape, 64),
});
