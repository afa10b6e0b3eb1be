// The script that a channel's deposit lies under, in P2WSH (docs/channel.md, "The script"):
//
//   <payee> CHECKSIG NOTIF <N> CHECKSEQUENCEVERIFY VERIFY ENDIF <cable> CHECKSIG
//
// Payee and cable together at any time; the cable alone N blocks after the funding confirmed. What
// picks the branch is the payee's signature itself, or the empty one: there is no argument beside
// the signatures that a stranger could rewrite. It is the miniscript
// and_v(or_c(pk(payee),v:older(N)),pk(cable)), so an owner's stock wallet can spend it too.

import { sha256 } from "@noble/hashes/sha2.js";
import { scriptOfKey } from "../bitcoin/address";
import { byteHex, bytesToHex, hexToBytes } from "../bitcoin/bytes";
import { isPointX } from "../bitcoin/point";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";

/** A week to sell in, and the least margin of a week to close in (`CLOSING_MARGIN`). */
export const MIN_DELAY = 2_016;
/**
 * The largest number of two bytes, some 227 days: so all channels' scripts, and all sizes, are the
 * same.
 */
export const MAX_DELAY = 32_767;
export const SCRIPT_BYTES = 77;

const KEY_BYTES = 33;
const PUSH_KEY = byteHex(KEY_BYTES);
const CHECKSIG = "ac";
const NOTIF = "64";
const ENDIF = "68";
const VERIFY = "69";
const CHECKSEQUENCEVERIFY = "b2";

/** What fixes a channel's script, and so its address. */
export interface ChannelKeys {
  /** Compressed, drawn for this channel alone. */
  readonly payeeKey: Hex;
  /** Compressed; the cable's one key. */
  readonly cableKey: Hex;
  /** N: blocks from the funding's own to the first one that may hold the refund. */
  readonly delay: number;
}

/** The witness script. The caller has checked the keys and the delay with `keysFault`. */
export function channelScript({ payeeKey, cableKey, delay }: ChannelKeys): Hex {
  const older = `${NOTIF}${pushNumber(delay)}${CHECKSEQUENCEVERIFY}${VERIFY}${ENDIF}`;
  return PUSH_KEY + payeeKey + CHECKSIG + older + PUSH_KEY + cableKey + CHECKSIG;
}

/** scriptPubKey of the deposit: OP_0 and the SHA-256 of the witness script. */
export function depositScript(script: Hex): Hex {
  return `0020${bytesToHex(sha256(hexToBytes(script)))}`;
}

/** Where the cable's change and its refund go: P2WPKH of its one key. */
export function cableScript(keys: ChannelKeys): Hex {
  return scriptOfKey(hexToBytes(keys.cableKey));
}

/**
 * Why a cable makes no channel of these; undefined where it does. Never throws for what a peer can
 * send.
 */
export function keysFault({ payeeKey, cableKey, delay }: ChannelKeys): string | undefined {
  if (!isCompressed(payeeKey)) return `expected a compressed payee key, 33 bytes, got ${shown(payeeKey)}`;
  if (!isPointX(payeeKey.slice(2))) return `expected a payee key on the curve, got ${shown(payeeKey)}`;
  // By its x alone: the key that differs in its sign has a secret that the cable knows as well.
  if (payeeKey.slice(2) === cableKey.slice(2)) return "expected a payee key of the socket, got the cable's own";
  return delayFault(delay);
}

/** Why no channel has this delay; undefined where one may. */
export function delayFault(delay: number): string | undefined {
  const known = Number.isInteger(delay) && delay >= MIN_DELAY && delay <= MAX_DELAY;
  return known ? undefined : `expected a delay of ${MIN_DELAY} to ${MAX_DELAY} blocks, got ${shown(delay)}`;
}

/**
 * A number from 0 to 2^31 - 1 pushed in the one way that nodes relay: shortest push, least bytes
 * first, the top bit a sign.
 */
export function pushNumber(value: number): Hex {
  if (value === 0) return "00";
  if (value <= 16) return byteHex(0x50 + value);
  let number = "";
  let left = value;
  let top = 0;
  while (left > 0) {
    top = left % 256;
    number += byteHex(top);
    left = Math.floor(left / 256);
  }
  if (top >= 0x80) number += "00";
  return byteHex(number.length / 2) + number;
}

function isCompressed(key: unknown): key is Hex {
  return isHex(key, KEY_BYTES) && (key.startsWith("02") || key.startsWith("03"));
}

/** What came, short enough for a message. */
function shown(value: unknown): string {
  return String(value).slice(0, 80);
}
