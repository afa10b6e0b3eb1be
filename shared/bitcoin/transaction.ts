// Signed drafts: how the cable makes one and how the socket checks one (BIP141, BIP144, BIP143, BIP66).
//
// The socket never interprets what it is sent. It knows the canonical bytes and compares them as one string; only
// the witnesses are read, and each must be exactly [signature, public key]. A refusal is explained afterwards,
// in explain.ts, which cannot accept anything.

import type { Ecdsa } from "../ports";
import type { FaultName } from "../rpc/faults";
import type { Hex } from "../units";
import { scriptOfKey } from "./address";
import { byteHex, bytesToHex, hexToBytes, isHex } from "./bytes";
import { decodeDer } from "./der";
import type { Draft } from "./draft";
import { explainRefusal } from "./explain";
import { type PreparedDraft, prepareDraft } from "./frame";
import { SIGHASH_ALL } from "./sighash";
import type { Wallet } from "./wallet";

/** BIP144's marker and flag: witnesses follow. */
const SEGWIT = "0001";
const VERSION_DIGITS = 8;
const LOCK_TIME_DIGITS = 8;
const SIGHASH_ALL_HEX = byteHex(SIGHASH_ALL);

/** A draft and the bytes that may be broadcast for it. */
export interface SignedDraft {
  readonly draft: Draft;
  readonly transaction: Hex;
}

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
  /** What `prepareDraft` gave for this very draft, where the socket had it ready before the signature arrived. */
  readonly prepared?: PreparedDraft;
  /** The payer's key as an earlier check of this session accepted it. */
  readonly publicKey?: Hex;
}

interface Witness {
  /** DER and sighash byte. */
  readonly signature: Hex;
  readonly publicKey: Hex;
}

/** Signs every input with SIGHASH_ALL. The caller has audited the draft and recorded what it is about to sign. */
export function signDraft(draft: Draft, wallet: Wallet, prepared: PreparedDraft = prepareDraft(draft)): Hex {
  if (draft.payerScript !== wallet.script) throw new Error("expected a draft that spends the wallet's own coins");
  const key = bytesToHex(wallet.publicKey);
  let witnesses = "";
  for (const digest of prepared.digests) {
    const signature = bytesToHex(wallet.sign(digest)) + SIGHASH_ALL_HEX;
    witnesses += `02${byteHex(signature.length / 2)}${signature}21${key}`;
  }
  return headOf(prepared.unsigned) + witnesses + prepared.unsigned.slice(-LOCK_TIME_DIGITS);
}

/** Accepts only the draft itself, signed by the payer. Never throws for anything that a peer can send. */
export function checkSigned(
  draft: Draft,
  transaction: Hex,
  ecdsa: Ecdsa,
  options: CheckOptions = {},
): Acceptance | Refusal {
  const prepared = options.prepared ?? prepareDraft(draft);
  const witnesses = witnessesOf(prepared.unsigned, transaction, draft.inputs.length);
  if (!witnesses) return { ok: false, ...explainRefusal(draft, transaction) };
  // Everything that is cheap comes before the first verification.
  for (let i = 0; i < witnesses.length; i++) {
    const refusal = checkShape(witnesses[i] as Witness, i, draft, options.publicKey);
    if (refusal) return refusal;
  }
  for (let i = 0; i < witnesses.length; i++) {
    const refusal = checkSignature(witnesses[i] as Witness, i, prepared.digests[i] as Uint8Array, ecdsa);
    if (refusal) return refusal;
  }
  const publicKey = (witnesses[0] as Witness).publicKey;
  return { ok: true, vsize: vsizeAsSigned(prepared.unsigned, transaction), publicKey };
}

/** The witnesses, provided that all other bytes are the draft's; else undefined. */
function witnessesOf(unsigned: Hex, transaction: Hex, count: number): Witness[] | undefined {
  const head = headOf(unsigned);
  const end = transaction.length - LOCK_TIME_DIGITS;
  if (!transaction.startsWith(head) || transaction.slice(end) !== unsigned.slice(-LOCK_TIME_DIGITS)) return undefined;
  if (!isHex(transaction)) return undefined;
  const witnesses: Witness[] = [];
  let at = head.length;
  for (let i = 0; i < count; i++) {
    if (transaction.slice(at, at + 2) !== "02") return undefined;
    const signature = pushAt(transaction, at + 2, end);
    const publicKey = signature && pushAt(transaction, at + 4 + signature.length, end);
    if (signature === undefined || publicKey === undefined) return undefined;
    witnesses.push({ signature, publicKey });
    at += 6 + signature.length + publicKey.length;
  }
  return at === end ? witnesses : undefined;
}

/** A witness item of 1 to 127 bytes whose length byte stands at `at`. */
function pushAt(transaction: Hex, at: number, end: number): Hex | undefined {
  const length = Number.parseInt(transaction.slice(at, at + 2), 16);
  const stop = at + 2 + length * 2;
  return length > 0 && length < 0x80 && stop <= end ? transaction.slice(at + 2, stop) : undefined;
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
  if (!decodeDer(der)) return refuse("malleable-signature", `Input ${index}.`);
  if (!ecdsa.verify(der, digest, hexToBytes(witness.publicKey))) return refuse("bad-signature", `Input ${index}.`);
  return undefined;
}

function isPayersKey(publicKey: Hex, payerScript: Hex): boolean {
  return publicKey.length === 66 && scriptOfKey(hexToBytes(publicKey)) === payerScript;
}

/** Version, marker, flag, inputs and outputs of the signed transaction. */
function headOf(unsigned: Hex): Hex {
  return unsigned.slice(0, VERSION_DIGITS) + SEGWIT + unsigned.slice(VERSION_DIGITS, -LOCK_TIME_DIGITS);
}

/** BIP141: three quarters of the bytes without witnesses and one quarter of all, rounded up. */
function vsizeAsSigned(unsigned: Hex, transaction: Hex): number {
  return Math.ceil((3 * (unsigned.length / 2) + transaction.length / 2) / 4);
}

function refuse(fault: FaultName, detail: string): Refusal {
  return { ok: false, fault, detail };
}
