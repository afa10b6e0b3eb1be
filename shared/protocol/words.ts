// Words that several calls share.

import { constant } from "../kernel/constant";
import type { Hex, Satoshi } from "../kernel/units";

/** The preferred one first. */
export const SCHEMES = constant(["single-fee", "basic"] as const);
/** A scheme whose drafts pay. */
export type Scheme = (typeof SCHEMES)[number];
/**
 * True where each payment takes the last one's place: over the same coins, and only the latest is
 * broadcast.
 */
export function supersedes(scheme: Scheme): boolean {
  return scheme === "single-fee";
}

/**
 * The scheme that has no drafts: what it pays by is signatures over a deposit (docs/channel.md).
 */
export const CHANNEL = "channel";
/** All schemes by name. */
export const SCHEME_NAMES = constant([...SCHEMES, CHANNEL] as const);
export type SchemeName = (typeof SCHEME_NAMES)[number];
export type SocketState = "standby" | "paid" | "lockout";

export interface WireInput {
  readonly txid: Hex;
  readonly vout: number;
  readonly amount: Satoshi;
}
