// The owner's key on its way to a device: read from hexadecimal or WIF, checked, and laid out as
// the NVS entry that firmware/cable reads (shared/cable/key.ts). Nothing here prints it.

import { sha256 } from "@noble/hashes/sha2.js";
import { createBase58check } from "@scure/base";
import type { Network } from "../../shared/bitcoin/address";
import { isSecret, KEY_ENTRY } from "../../shared/cable/key";
import { UsageError } from "./targets";

/** Prefix byte of a WIF key: mainnet's, and all test networks'. */
const WIF_MAINNET = 0x80;
const WIF_TEST = 0xef;
/** After the key: its public key is used in compressed form, as every SegWit key is. */
const COMPRESSED = 0x01;

/** A 32-byte secret from 64 hex digits or WIF. Throws without telling what came. */
export function parseKey(text: string, network: Network): Uint8Array {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Uint8Array.from(Buffer.from(text, "hex")) : parseWif(text, network);
  if (!isSecret(key)) throw new UsageError("key: expected a secret key of secp256k1, 1 to the order less one");
  return key;
}

function parseWif(text: string, network: Network): Uint8Array {
  let payload: Uint8Array;
  try {
    payload = createBase58check(sha256).decode(text);
  } catch {
    throw new UsageError("key: expected 64 hexadecimal digits or a key in WIF, came neither");
  }
  const expected = network === "mainnet" ? WIF_MAINNET : WIF_TEST;
  if (payload[0] !== expected) {
    const came = payload[0] === WIF_MAINNET ? "mainnet" : payload[0] === WIF_TEST ? "test networks" : "something else";
    throw new UsageError(`key: expected a WIF key for ${network}, came one for ${came}`);
  }
  if (payload.length !== 34 || payload[33] !== COMPRESSED) {
    throw new UsageError(
      "key: expected a WIF key of a compressed public key (it begins with K or L, on test networks with c)",
    );
  }
  return payload.slice(1, 33);
}

/** Namespace of a cable's store (firmware/cable/main.ts). */
const NAMESPACE = "cable";

/**
 * What ESP-IDF's nvs_partition_gen.py makes a partition of. Holds the key: for a file that only its
 * owner reads.
 */
export function nvsCsv(key: Uint8Array): string {
  const hex = Buffer.from(key).toString("hex");
  return `key,type,encoding,value\n${NAMESPACE},namespace,,\n${KEY_ENTRY},data,hex2bin,${hex}\n`;
}

/** Offset and size of a partition, from manifests/partitions. */
export function partitionIn(csv: string, name: string): { readonly offset: string; readonly size: string } {
  for (const line of csv.split("\n")) {
    const [found, , , offset, size] = line.split(",").map((field) => field.trim());
    if (found === name && offset && size) return { offset, size };
  }
  throw new Error(`the partition table has no ${name}`);
}
