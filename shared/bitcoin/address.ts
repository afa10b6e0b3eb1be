// Native SegWit addresses and the scripts they stand for: BIP173 (bech32, version 0) and BIP350
// (bech32m, version 1).
//
// A payer is always P2WPKH: its inputs' sizes and sighashes are then the same for every cable, and
// nobody can change a txid after the fact. A socket may be paid at any native SegWit script that
// somebody can spend from.

import { bech32, bech32m } from "@scure/base";
import { constant } from "../kernel/constant";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { byteHex, bytesToHex, hash160, hexToBytes } from "./bytes";

export const NETWORKS = constant(["mainnet", "testnet", "testnet4", "signet", "regtest"] as const);
export type Network = (typeof NETWORKS)[number];

/** Human-readable parts; testnet4 and signet took testnet's. */
export const PREFIXES: Readonly<Record<Network, string>> = Object.freeze({
  mainnet: "bc",
  testnet: "tb",
  testnet4: "tb",
  signet: "tb",
  regtest: "bcrt",
});

const ADDRESS_LENGTH = 90;

export function isNetwork(value: unknown): value is Network {
  return typeof value === "string" && Object.hasOwn(PREFIXES, value);
}

/** P2WPKH: version 0, a program of 20 bytes. */
export function isPayerScript(script: Hex): boolean {
  return script.startsWith("0014") && isHex(script, 22);
}

/** P2WPKH, P2WSH or P2TR. */
export function isPayeeScript(script: Hex): boolean {
  return isPayerScript(script) || ((script.startsWith("0020") || script.startsWith("5120")) && isHex(script, 34));
}

/** scriptPubKey of a compressed public key, 33 bytes. */
export function scriptOfKey(publicKey: Uint8Array): Hex {
  return `0014${bytesToHex(hash160(publicKey))}`;
}

/** scriptPubKey of a P2WPKH address. Throws an Error that says what was expected. */
export function payerScriptOf(address: string, network: Network): Hex {
  const script = decodeSegwit(address, network);
  if (isPayerScript(script)) return script;
  throw new Error(`expected a P2WPKH address (${PREFIXES[network]}1q and 38 more characters), got ${quote(address)}`);
}

/** scriptPubKey of a P2WPKH, P2WSH or P2TR address. Throws an Error that says what was expected. */
export function payeeScriptOf(address: string, network: Network): Hex {
  const script = decodeSegwit(address, network);
  if (isPayeeScript(script)) return script;
  throw new Error(`expected a P2WPKH, P2WSH or P2TR address, got ${quote(address)}: nobody could spend from it safely`);
}

/**
 * The address of a witness program's script (version, push of 2 to 40 bytes). Throws for any other
 * script.
 */
export function addressOf(script: Hex, network: Network): string {
  const opcode = Number.parseInt(script.slice(0, 2), 16);
  const program = hexToBytes(script.slice(4));
  const version = opcode === 0 ? 0 : opcode - 0x50;
  const isProgram = version >= 0 && version <= 16 && script.slice(2, 4) === byteHex(program.length);
  if (!isProgram || program.length < 2 || program.length > 40)
    throw new Error(`expected a native SegWit script, got ${quote(script)}`);
  const codec = version === 0 ? bech32 : bech32m;
  return codec.encode(PREFIXES[network], [version, ...codec.toWords(program)]);
}

/**
 * The script of any valid SegWit address, of all versions (BIP173, BIP350). Throws for anything
 * else.
 */
export function decodeSegwit(address: string, network: Network): Hex {
  const prefix = PREFIXES[network];
  const decoded = bech32.decodeUnsafe(address) ?? bech32m.decodeUnsafe(address);
  if (!decoded) throw new Error(`expected a ${network} address (${prefix}1...), got ${quote(address)}`);
  if (decoded.prefix !== prefix)
    throw new Error(`expected a ${network} address (${prefix}1...), got one of another network: ${quote(address)}`);
  const [version = 17, ...words] = decoded.words;
  const codec = version === 0 ? bech32 : bech32m;
  const program = codec.decodeUnsafe(address) && unpack(codec.fromWords, words);
  if (version > 16 || !program || program.length < 2 || program.length > 40)
    throw new Error(`expected a SegWit address, got ${quote(address)}: its version or checksum is wrong`);
  if (version === 0 && program.length !== 20 && program.length !== 32)
    throw new Error(`expected a program of 20 or 32 bytes, got ${program.length} in ${quote(address)}`);
  return byteHex(version === 0 ? 0 : version + 0x50) + byteHex(program.length) + bytesToHex(program);
}

function unpack(fromWords: (words: number[]) => Uint8Array, words: number[]): Uint8Array | undefined {
  try {
    return fromWords(words);
  } catch {
    return undefined; // padding that is too long or not zero
  }
}

/** What came, short enough for an error message. */
function quote(text: unknown): string {
  const shown = String(text);
  return `"${shown.length > ADDRESS_LENGTH ? `${shown.slice(0, ADDRESS_LENGTH)}...` : shown}"`;
}
