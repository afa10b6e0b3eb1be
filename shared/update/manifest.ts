// What an owner says of an image, signed by him: whose device it is for, what it is, and which
// records of the journal it reads. An image without one is written nowhere.
//
// The text is signed as it stands, and read only once its signature holds: so what is read is the
// owner's own, and no parser is between him and a stranger.

import { sha256 } from "@noble/hashes/sha2.js";
import { NETWORKS } from "../bitcoin/address";
import { hexToBytes } from "../bitcoin/bytes";
import { jsonOf } from "../journal/json";
import { messageOf } from "../kernel/message";
import type { Ecdsa } from "../kernel/ports";
import { arrayOf, type Check, hex, integer, object, oneOf, text } from "../kernel/shape";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import type { Device } from "../settings/owner";
import { UpdateError } from "./error";

/**
 * Records of one name that an image reads: of its own version, and of older ones back to `from`.
 */
export interface JournalVersions {
  readonly name: string;
  readonly from: number;
  /** The version that it writes. */
  readonly to: number;
}

export interface Manifest {
  readonly device: Device;
  /** As ESP Web Tools writes it, such as ESP32-C3. */
  readonly chip: string;
  readonly network: string;
  /** Three numbers, such as 0.1.0. */
  readonly version: string;
  /** Bytes of the image. */
  readonly size: number;
  /** SHA-256 of the image. */
  readonly sha256: Hex;
  readonly journals: readonly JournalVersions[];
}

/** A manifest's text, and the owner's signature of it (strict DER, low-S). */
export interface SignedManifest {
  readonly manifest: string;
  readonly signature: Hex;
}

/** Of the text; a little over what eight journals take. */
export const LONGEST_MANIFEST = 1500;
/** DER of secp256k1 has 72 bytes at most. */
export const LONGEST_SIGNATURE = 144;
/** What keeps a signature of a manifest from being one of anything else. */
const PURPOSE = "plugpay update 1\n";
const MOST_JOURNALS = 16;
const LONGEST_WORD = 32;

const version: Check<string> = (value, where = "version") => {
  if (typeof value !== "string" || !/^\d{1,5}\.\d{1,5}\.\d{1,5}$/.test(value))
    throw new Error(`${where}: expected three numbers such as 1.2.3`);
  return value;
};

const manifestShape: Check<Manifest> = object<Manifest>({
  device: oneOf("socket", "cable"),
  chip: text(LONGEST_WORD),
  network: oneOf(...NETWORKS),
  version,
  size: integer,
  sha256: hex(32),
  journals: arrayOf(object<JournalVersions>({ name: text(LONGEST_WORD), from: integer, to: integer }), MOST_JOURNALS),
});

/** The text that is signed. */
export function manifestText(manifest: Manifest): string {
  return jsonOf(manifestShape(manifest, "manifest"));
}

/** What is signed of it, 32 bytes. */
export function manifestDigest(manifest: string): Uint8Array {
  return sha256(encodeUtf8(PURPOSE + manifest));
}

/**
 * What the owner with `publicKey` (33 bytes) signed. Throws an UpdateError that says what is
 * wrong.
 */
export function readManifest(given: SignedManifest, publicKey: Hex, ecdsa: Ecdsa): Manifest {
  const { manifest, signature } = given;
  if (manifest.length > LONGEST_MANIFEST || signature.length > LONGEST_SIGNATURE || !isHex(signature))
    throw new UpdateError("wrong", NOT_SIGNED);
  if (!ecdsa.verify(hexToBytes(signature), manifestDigest(manifest), hexToBytes(publicKey)))
    throw new UpdateError("wrong", NOT_SIGNED);
  try {
    return manifestShape(JSON.parse(manifest), "manifest");
  } catch (error) {
    throw new UpdateError("wrong", `${messageOf(error)}: sign the image with this version of npm run owner`);
  }
}

const NOT_SIGNED =
  "the image's manifest is not signed by the key of this device's setting updateKey (npm run owner -- sign)";

/** Negative where `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [a, b].map((each) => each.split(".").map(Number)) as [number[], number[]];
  for (let at = 0; at < 3; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
