// Words that settings choose from.

import type { Network } from "../bitcoin/address";
import { constant } from "../constant";
import type { Scheme } from "../rpc/types";

export const NETWORKS = constant([
  "mainnet",
  "testnet",
  "testnet4",
  "signet",
  "regtest",
] as const satisfies readonly Network[]);
/** The preferred one first. */
export const SCHEMES = constant(["single-fee", "basic"] as const satisfies readonly Scheme[]);
