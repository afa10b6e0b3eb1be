// Nonces of the owner's HTTP (RFC 7616, sections 3.3, 5.4 and 5.12): made without keeping anything,
// of time and a MAC, so that a crowd that asks for them costs no memory. Only those that somebody
// authenticated with have a count each.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "../bitcoin/bytes";
import type { Clock } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { isSame } from "./credentials";

/** So long a nonce is good; then the client gets another, and its user is not asked again. */
const GOOD_FOR: Millisecond = 300_000;
/**
 * Counts below the highest that came, of which each is known: requests of one client overtake each
 * other on two connections.
 */
const WINDOW = 32;
/** Nonces in use: of a page, of a script, of a monitor. */
const MOST_IN_USE = 6;
const TIME_DIGITS = 12;
const SERIAL_DIGITS = 6;
const MAC_DIGITS = 32;

interface Used {
  readonly order: number;
  highest: number;
  /** Bit k: the count `highest - k` came. */
  seen: number;
}

export type NonceState = "good" | "stale" | "unknown";

export class Nonces {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  readonly #used = new Map<string, Used>();
  #serial = 0;
  /**
   * Nonces up to this serial number that are not in use are not taken any more: their counts were
   * forgotten.
   */
  #forgotten = -1;

  /** `key`: 32 random bytes of this run. */
  constructor(clock: Clock, key: Uint8Array) {
    this.#clock = clock;
    this.#key = key;
  }

  make(): Hex {
    const serial = this.#serial++ % 16 ** SERIAL_DIGITS;
    const head = digits(Math.floor(this.#clock.now()), TIME_DIGITS) + digits(serial, SERIAL_DIGITS);
    return head + this.mac(head);
  }

  /** Whether this device made it, and how long ago. */
  state(nonce: string): NonceState {
    const head = nonce.slice(0, TIME_DIGITS + SERIAL_DIGITS);
    if (
      !isHex(nonce, (TIME_DIGITS + SERIAL_DIGITS + MAC_DIGITS) / 2) ||
      !isSame(nonce.slice(head.length), this.mac(head))
    )
      return "unknown";
    const age = this.#clock.now() - Number.parseInt(head.slice(0, TIME_DIGITS), 16);
    const isForgotten = orderOf(nonce) <= this.#forgotten && !this.#used.has(nonce);
    return age > GOOD_FOR || isForgotten ? "stale" : "good";
  }

  /**
   * Takes the count of a request that was authenticated with a good nonce. False where the same
   * count came before, or it is too far behind to be known: somebody sends a request again.
   */
  take(nonce: string, count: number): boolean {
    const used = this.#used.get(nonce) ?? this.begin(nonce);
    const behind = used.highest - count;
    if (behind < 0) {
      used.seen = -behind >= WINDOW ? 1 : ((used.seen << -behind) | 1) >>> 0;
      used.highest = count;
      return true;
    }
    if (behind >= WINDOW) return false;
    const bit = (1 << behind) >>> 0;
    if ((used.seen & bit) !== 0) return false;
    used.seen = (used.seen | bit) >>> 0;
    return true;
  }

  private begin(nonce: string): Used {
    const used = { order: orderOf(nonce), highest: 0, seen: 1 };
    this.#used.set(nonce, used);
    while (this.#used.size > MOST_IN_USE) {
      const [oldest] = [...this.#used].sort(([, a], [, b]) => a.order - b.order);
      if (!oldest) break;
      this.#used.delete(oldest[0]);
      this.#forgotten = Math.max(this.#forgotten, oldest[1].order);
    }
    return used;
  }

  private mac(head: string): Hex {
    return bytesToHex(hmac(sha256, this.#key, encodeUtf8(head))).slice(0, MAC_DIGITS);
  }
}

/** Time, then serial number: the order in which they were made. */
function orderOf(nonce: string): number {
  const time = Number.parseInt(nonce.slice(0, TIME_DIGITS), 16);
  const serial = Number.parseInt(nonce.slice(TIME_DIGITS, TIME_DIGITS + SERIAL_DIGITS), 16);
  // Milliseconds of centuries and a thousand nonces a millisecond are a whole number still.
  return time * 1000 + (serial % 1000);
}

function digits(value: number, length: number): Hex {
  return value.toString(16).padStart(length, "0").slice(-length);
}
