// The canonical draft (docs/protocol.md, "The draft"): the one serialisation of a payment, so that
// both sides build it by themselves and compare bytes. Version 2, lock time 0, every sequence
// 0xfffffffd (replaceable, BIP125), at most five P2WPKH inputs in the agreed order, outputs
// [socket, change], sizes counted with 72-byte signatures.

import type { Coin } from "../kernel/ports";
import { type Hex, MAX_SATOSHI, type Satoshi } from "../kernel/units";
import type { WireOutput } from "../protocol/types";
import { byteHex, bytesToHex, hexToBytes, le32, le64, reverseHex, sha256d } from "./bytes";

export const TX_VERSION = 2;
export const LOCK_TIME = 0;
export const SEQUENCE = 0xfffffffd;
export const MAX_INPUTS = 5;
/** Least change that is worth an output: Core's dust limit for P2WPKH at 3 sat/vB. */
export const DUST: Satoshi = 294;

/** Strict DER with a low S and the sighash byte is never longer. */
const SIGNATURE_BYTES = 72;
const PUBLIC_KEY_BYTES = 33;
/** Outpoint, an empty script's length, sequence. */
const INPUT_BYTES = 36 + 1 + 4;
const WITNESS_BYTES = 1 + 1 + SIGNATURE_BYTES + 1 + PUBLIC_KEY_BYTES;

/** What a draft pays and from what; everything else follows from it. */
export interface Draft {
  /** 1 to 5, in the agreed order. */
  readonly inputs: readonly Coin[];
  /** The cable's own P2WPKH script: it owns the inputs and takes the change. */
  readonly payerScript: Hex;
  readonly socketScript: Hex;
  /** Worth of the socket's output. */
  readonly value: Satoshi;
  /** As quoted; `actualFee` adds change that is too small for an output. */
  readonly fee: Satoshi;
}

/**
 * Virtual size (BIP141) of a signed transaction with these outputs, counted with the longest
 * signatures.
 */
export function vsizeOf(inputs: number, outputScripts: readonly Hex[]): number {
  let base = 4 + 1 + inputs * INPUT_BYTES + 1 + 4;
  for (const script of outputScripts) base += 8 + 1 + script.length / 2;
  return Math.ceil((4 * base + 2 + inputs * WITNESS_BYTES) / 4);
}

/** Virtual size of the signed draft. */
export function draftVsize(draft: Draft): number {
  return vsizeOf(
    draft.inputs.length,
    hasChange(draft) ? [draft.socketScript, draft.payerScript] : [draft.socketScript],
  );
}

/**
 * Least amount that Core relays in an output with this script (3 sat/vB): 294 for P2WPKH, 330 for
 * P2WSH and P2TR.
 */
export function dustOf(script: Hex): Satoshi {
  return 3 * (8 + 1 + script.length / 2 + 67);
}

export function totalOf(inputs: readonly { readonly amount: Satoshi }[]): Satoshi {
  let total = 0;
  for (const input of inputs) total += input.amount;
  return total;
}

/**
 * The socket's output, then the change unless it would be dust. Throws where the inputs do not
 * cover value and fee.
 */
export function outputsOf(draft: Draft): readonly WireOutput[] {
  const total = totalOf(draft.inputs);
  const left = total - draft.value - draft.fee;
  if (!(left >= 0 && total <= MAX_SATOSHI))
    throw new RangeError(`expected inputs worth ${draft.value} and a fee of ${draft.fee} sat, got ${total} sat`);
  const socket = { script: draft.socketScript, amount: draft.value };
  return left < DUST ? [socket] : [socket, { script: draft.payerScript, amount: left }];
}

/** What the miner gets: the quoted fee, and the change where that would be dust. */
export function actualFee(draft: Draft): Satoshi {
  const left = totalOf(draft.inputs) - draft.value - draft.fee;
  return left < DUST ? draft.fee + left : draft.fee;
}

/** Unsigned, without witnesses: what travels in an offer and what the txid is the hash of. */
export function unsignedHex(draft: Draft): Hex {
  const outputs = outputsOf(draft);
  return unsignedFrom(inputsHex(draft.inputs), outputs.length, outputsHex(outputs));
}

/** The same from parts that the caller already has. */
export function unsignedFrom(inputs: Hex, outputCount: number, outputs: Hex): Hex {
  return `${le32(TX_VERSION)}${inputs}${byteHex(outputCount)}${outputs}${le32(LOCK_TIME)}`;
}

/**
 * Transaction id as explorers show it. Witnesses are no part of it, so it is known before anybody
 * signs.
 */
export function txidOf(draft: Draft): Hex {
  return txidOfUnsigned(unsignedHex(draft));
}

/** Transaction id of a serialisation without witnesses. */
export function txidOfUnsigned(unsigned: Hex): Hex {
  return reverseHex(bytesToHex(sha256d(hexToBytes(unsigned))));
}

/** The inputs with their count. They stay the same for a whole session. */
export function inputsHex(inputs: readonly Coin[]): Hex {
  if (inputs.length < 1 || inputs.length > MAX_INPUTS)
    throw new RangeError(`expected 1 to ${MAX_INPUTS} inputs, got ${inputs.length}`);
  let hex = byteHex(inputs.length);
  for (const input of inputs) hex += `${outpointHex(input)}00${le32(SEQUENCE)}`;
  return hex;
}

/** The outputs without their count: what BIP143's hashOutputs covers. */
export function outputsHex(outputs: readonly WireOutput[]): Hex {
  let hex = "";
  for (const output of outputs) hex += le64(output.amount) + byteHex(output.script.length / 2) + output.script;
  return hex;
}

export function outpointHex(outpoint: { readonly txid: Hex; readonly vout: number }): Hex {
  return reverseHex(outpoint.txid) + le32(outpoint.vout);
}

function hasChange(draft: Draft): boolean {
  return totalOf(draft.inputs) - draft.value - draft.fee >= DUST;
}
