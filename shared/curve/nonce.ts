// Nonces of RFC 6979, section 3.2, with SHA-256: secret and digest say the nonce, so the same
// digest is signed by the same bytes.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { numberOf } from "./bytes";
import { N } from "./params";

/**
 * A second draw is asked for once in 2^128 signatures. More are a fault, of which a device must not
 * hang.
 */
const MOST_DRAWS = 100;

type Hmac = ReturnType<typeof hmac.create>;

/**
 * V of the RFC, and an HMAC that has read K as its key: the key costs two blocks of SHA-256, which
 * are kept for the next use.
 */
interface State {
  readonly keyed: Hmac;
  readonly value: Uint8Array;
}

/**
 * Gives the first nonce from 1 to N - 1 of which `use` makes something. `seed`: int2octets(secret)
 * and bits2octets(digest), 64 bytes. Throws where `use` refuses all of them.
 */
export function withNonce<T>(seed: Uint8Array, use: (k: bigint) => T | undefined): T {
  // Steps b to g.
  const start = { keyed: hmac.create(sha256, new Uint8Array(32)), value: new Uint8Array(32).fill(1) };
  let state = mixed(mixed(start, 0, seed), 1, seed);
  // Step h.
  for (let draws = 0; draws < MOST_DRAWS; draws++) {
    const value = state.keyed.clone().update(state.value).digest();
    const k = numberOf(value);
    const made = 0n < k && k < N ? use(k) : undefined;
    if (made !== undefined) {
      state.keyed.destroy();
      value.fill(0);
      return made;
    }
    state = mixed({ keyed: state.keyed, value }, 0, new Uint8Array(0));
  }
  throw new Error(`expected one of ${MOST_DRAWS} nonces to do, none did`);
}

/** K = HMAC_K(V || round || seed), then V = HMAC_K(V). */
function mixed({ keyed, value }: State, round: 0 | 1, seed: Uint8Array): State {
  const message = new Uint8Array(33 + seed.length);
  message.set(value);
  message[32] = round;
  message.set(seed, 33);
  const next = hmac.create(sha256, keyed.update(message).digest());
  return { keyed: next, value: next.clone().update(value).digest() };
}
