// HMAC_DRBG with SHA-256 (NIST SP 800-90A Rev. 1, section 10.1.2): all of a device's random bytes,
// from one seed.
//
// A microcontroller's hardware generator is truly random only at times (firmware/native/entropy.ts
// says when), so the seed is drawn once at boot and this generator goes on from it. It is never
// reseeded: SP 800-90A allows 2^48 requests.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Random } from "../kernel/ports";

/**
 * Bytes of entropy that a seed needs for 256 bits of security, with half as much again as the nonce
 * (section 8.6.7).
 */
export const SEED_BYTES = 48;

/** Most that one request may ask for: 2^19 bits (table 2). */
const REQUEST_MAX_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

export class HmacDrbg implements Random {
  #key = new Uint8Array(32);
  #value = new Uint8Array(32).fill(1);

  /**
   * `seed`: entropy and nonce together, at least `SEED_BYTES` (SP 800-90A allows the nonce to come
   * from the same source). `personalization`: anything that tells two devices apart, such as a MAC
   * address; not secret.
   */
  constructor(seed: Uint8Array, personalization: Uint8Array = NOTHING) {
    if (seed.length < SEED_BYTES) {
      throw new RangeError(`a seed of at least ${SEED_BYTES} bytes was expected, came ${seed.length}`);
    }
    this.update(seed, personalization);
  }

  /** `additional` goes into the state first, as far as the caller has any. */
  bytes(length: number, additional: Uint8Array = NOTHING): Uint8Array {
    if (!Number.isInteger(length) || length < 0 || length > REQUEST_MAX_BYTES) {
      throw new RangeError(`expected 0 to ${REQUEST_MAX_BYTES} bytes to be asked for, came ${length}`);
    }
    if (additional.length > 0) this.update(additional, NOTHING);
    const random = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      this.#value = hmac(sha256, this.#key, this.#value);
      random.set(this.#value.subarray(0, length - at), at);
    }
    // The state moves on, so that it tells nothing about what was given out (backtracking
    // resistance).
    this.update(additional, NOTHING);
    return random;
  }

  /** HMAC_DRBG_Update of section 10.1.2.2, over two parts laid end to end. */
  private update(first: Uint8Array, second: Uint8Array): void {
    this.mix(0, first, second);
    if (first.length + second.length > 0) this.mix(1, first, second);
  }

  private mix(round: 0 | 1, first: Uint8Array, second: Uint8Array): void {
    this.#key = hmac
      .create(sha256, this.#key)
      .update(this.#value)
      .update(Uint8Array.of(round))
      .update(first)
      .update(second)
      .digest();
    this.#value = hmac(sha256, this.#key, this.#value);
  }
}
