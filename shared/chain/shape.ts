// Checking the shape of an answer before anything of it is believed: each function gives the value
// or throws a ChainError "malformed" that says what was expected and what came.

import { isSameOutpoint, outpointKey } from "../kernel/outpoint";
import type { Coin } from "../kernel/ports";
import { isHex } from "../kernel/text";
import { type Hex, isSatoshi, type Satoshi } from "../kernel/units";
import { Decimal } from "./decimal";
import { ChainError } from "./error";
import type { Json, JsonObject } from "./json-stream";

/** Far beyond any block height (2^31), and an index of an output never reaches it. */
const LARGEST_COUNT = 0x7fff_ffff;

export function malformed(wanted: string, came: unknown): ChainError {
  return new ChainError("malformed", `expected ${wanted}, got ${shown(came)}`);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}

export function objectOf(value: Json | undefined, what: string): JsonObject {
  if (!isObject(value)) throw malformed(what, value);
  return value;
}

export function arrayOf(value: Json | undefined, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw malformed(what, value);
  return value;
}

export function booleanOf(value: Json | undefined, what: string): boolean {
  if (typeof value !== "boolean") throw malformed(what, value);
  return value;
}

export function hashOf(value: Json | undefined, what: string): Hex {
  if (!isHex(value, 32)) throw malformed(`${what} (64 hexadecimal digits)`, value);
  return value;
}

/** Beyond it a lock time is a time and no height (BIP65); no chain is that long. */
const LARGEST_HEIGHT = 499_999_999;

/** Height of a block. A socket adds to it, and what it tells has to fit XML-RPC's int. */
export function heightOf(value: Json | undefined, what: string): number {
  if (isWhole(value, LARGEST_HEIGHT)) return value;
  throw malformed(`${what} (a whole number up to ${LARGEST_HEIGHT})`, value);
}

/** An index, a number of confirmations. */
export function countOf(value: Json | undefined, what: string): number {
  if (isWhole(value, LARGEST_COUNT)) return value;
  throw malformed(`${what} (a whole number from 0)`, value);
}

function isWhole(value: Json | undefined, most: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most;
}

export function satoshiOf(value: Json | undefined, what: string): Satoshi {
  if (!isSatoshi(value)) throw malformed(`${what} (satoshi)`, value);
  return value;
}

/**
 * Coins of an address that are read: anybody can send it more, and to read them all would take a
 * device for long.
 */
export const MOST_COINS = 1_000;

/** There are more than MOST_COINS: what was read has to do. */
class ListCut extends ChainError {}

/** Waits for a list that fills `coins`, and ends it early where it is too long. */
export async function cutShort(list: Promise<void>): Promise<void> {
  try {
    await list;
  } catch (error) {
    if (!(error instanceof ListCut)) throw error;
  }
}

/**
 * The largest coins of a list that may be long, never more than `limit` at a time, and of the first
 * MOST_COINS only.
 */
export class LargestCoins {
  #read = 0;
  readonly #limit: number;
  readonly #coins: Coin[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A coin of `amount` is on the list; `read` is called only where it may be among the largest. */
  add(amount: Satoshi, read: () => Coin): void {
    if (++this.#read > MOST_COINS) throw new ListCut("away", `expected at most ${MOST_COINS} coins, got more`);
    const coins = this.#coins;
    if (amount <= (coins[this.#limit - 1]?.amount ?? 0)) return;
    const coin = read();
    if (coins.some((kept) => isSameOutpoint(kept, coin))) {
      throw malformed("each output once", `${outpointKey(coin)} twice`);
    }
    const at = coins.findIndex((kept) => isBefore(coin, kept));
    coins.splice(at < 0 ? coins.length : at, 0, coin);
    if (coins.length > this.#limit) coins.pop();
  }

  /**
   * The largest first; equal ones in the order of their outpoints. Which of equal ones are cut is
   * the server's choice.
   */
  get coins(): readonly Coin[] {
    return this.#coins;
  }
}

function isBefore(a: Coin, b: Coin): boolean {
  if (a.amount !== b.amount) return a.amount > b.amount;
  return a.txid === b.txid ? a.vout < b.vout : a.txid < b.txid;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Decimal) return value.text;
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = String(value);
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
