// Keys of the simulator: derived from the seed, for regtest only, worth nothing.

import { addressOf, scriptOfKey } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import type { Hex } from "../../shared/kernel/units";
import { Chance } from "./chance";

export interface Keys {
  readonly secret: Uint8Array;
  readonly secretHex: Hex;
  readonly publicKey: Uint8Array;
  /** P2WPKH. */
  readonly script: Hex;
  /** bcrt1q... */
  readonly address: string;
}

/** `owner` tells keys of one seed apart. */
export function keysOf(seed: number, owner: string): Keys {
  const secret = new Chance(seed, `key of ${owner}`).bytes(32);
  const publicKey = ecdsa.publicKey(secret);
  const script = scriptOfKey(publicKey);
  return { secret, secretHex: bytesToHex(secret), publicKey, script, address: addressOf(script, "regtest") };
}
