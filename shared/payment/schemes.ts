// The schemes by name.

import { type Scheme, supersedes } from "../protocol/words";
import { basic } from "./basic";
import type { PaymentScheme } from "./session";
import { singleFee } from "./single-fee";

export function schemeOf(name: Scheme): PaymentScheme {
  return supersedes(name) ? singleFee : basic;
}
