// How the socket checks a signed draft (BIP141, BIP143, BIP66). sign.ts makes one.
//
// The socket never interprets what it is sent. It knows the canonical bytes and compares them as
// one string; only the witnesses are read, and each must be exactly [signature, public key]. A
// refusal is explained afterwards, in explain.ts, which cannot accept anything.

import type { Ecdsa } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import type { FaultName } from "../protocol/faults";
import { scriptOfKey } from "./address";
import { byteHex, bytesToHex, hexToBytes } from "./bytes";
import { decodeDer } from "./der";
import type { Draft } from "./draft";
import { explainRefusal } from "./explain";
import { type PreparedDraft, prepareDraft } from "./frame";
import { SIGHASH_ALL } from "./sighash";
import { vsizeAsSigned, type Witness, witnessesOf } from "./witness";

export { type SignedDraft, signDraft } from "./sign";

const SIGHASH_ALL_HEX = byteHex(SIGHASH_ALL);

export interface Refusal {
  readonly ok: false;
  readonly fault: FaultName;
  /** Expected and came, for a person. */
  readonly detail: string;
}

export interface Acceptance {
  readonly ok: true;
  /** Virtual size as signed; signatures may be a byte or two shorter than the draft counts. */
  readonly vsize: number;
  /** The payer's key, so that a later check need not hash it again. */
  readonly publicKey: Hex;
}

export interface CheckOptions {
  /**
   * What `prepareDraft` gave for this very draft, where the socket had it ready before the
   * signature arrived.
   */
  readonly prepared?: PreparedDraft;
  /** The payer's key as an earlier check of this session accepted it. */
  readonly publicKey?: Hex;
}

/**
 * The draft's own bytes with witnesses of the right shape; only the signatures are still to be
 * verified.
 */
export interface Unverified {
  readonly ok: true;
  readonly transaction: Hex;
  readonly prepared: PreparedDraft;
  readonly witnesses: readonly Witness[];
}

/**
 * Accepts only the draft itself, signed by the payer. Never throws for anything that a peer can
 * send.
 */
export function checkSigned(
  draft: Draft,
  transaction: Hex,
  ecdsa: Ecdsa,
  options: CheckOptions = {},
): Acceptance | Refusal {
  const checked = checkBytes(draft, transaction, options);
  return checked.ok ? checkSignatures(checked, ecdsa) : checked;
}

/** All of `checkSigned` that is cheap. */
export function checkBytes(draft: Draft, transaction: Hex, options: CheckOptions = {}): Unverified | Refusal {
  const prepared = options.prepared ?? prepareDraft(draft);
  const witnesses = witnessesOf(prepared.unsigned, transaction, draft.inputs.length);
  if (!witnesses) return { ok: false, ...explainRefusal(draft, transaction) };
  let known = options.publicKey;
  for (let i = 0; i < witnesses.length; i++) {
    const witness = witnesses[i] as Witness;
    const refusal = checkShape(witness, i, draft, known);
    if (refusal) return refusal;
    known = witness.publicKey;
  }
  return { ok: true, transaction, prepared, witnesses };
}

/** The dear rest of it: a microcontroller does nothing else meanwhile. */
export function checkSignatures(checked: Unverified, ecdsa: Ecdsa): Acceptance | Refusal {
  const { prepared, witnesses, transaction } = checked;
  for (let i = 0; i < witnesses.length; i++) {
    const refusal = checkSignature(witnesses[i] as Witness, i, prepared.digests[i] as Uint8Array, ecdsa);
    if (refusal) return refusal;
  }
  // A draft has an input, and all of them one key.
  const [{ publicKey }] = witnesses as readonly [Witness];
  return { ok: true, vsize: vsizeAsSigned(prepared.unsigned, transaction), publicKey };
}

function checkShape(witness: Witness, index: number, draft: Draft, knownKey?: Hex): Refusal | undefined {
  const { signature, publicKey } = witness;
  if (publicKey !== knownKey && !isPayersKey(publicKey, draft.payerScript))
    return refuse("wrong-key", `Input ${index}: expected a key of ${draft.payerScript}, got ${publicKey}.`);
  const sighashByte = signature.slice(-2);
  if (sighashByte !== SIGHASH_ALL_HEX)
    return refuse("wrong-sighash", `Input ${index}: expected sighash type 01, got ${sighashByte}.`);
  return undefined;
}

function checkSignature(witness: Witness, index: number, digest: Uint8Array, ecdsa: Ecdsa): Refusal | undefined {
  const der = hexToBytes(witness.signature.slice(0, -2));
  if (!decodeDer(der))
    return refuse("malleable-signature", `Input ${index}: expected strict DER with a low S, got ${witness.signature}.`);
  if (ecdsa.verify(der, digest, hexToBytes(witness.publicKey))) return undefined;
  return refuse("bad-signature", `Input ${index}: expected a signature of the digest ${bytesToHex(digest)}.`);
}

function isPayersKey(publicKey: Hex, payerScript: Hex): boolean {
  return publicKey.length === 66 && scriptOfKey(hexToBytes(publicKey)) === payerScript;
}

function refuse(fault: FaultName, detail: string): Refusal {
  return { ok: false, fault, detail };
}
