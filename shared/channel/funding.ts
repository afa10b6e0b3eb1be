// Fundings: the cable's coins become a channel's deposit, [deposit, memo, change].
//
// P2WSH hides the script. The memo, an OP_RETURN with the payee's key and N, lets the cable's key
// alone find and refund a deposit after both devices have lost their journals. It costs 46 vbytes;
// without it such a deposit would be lost.

import { byteHex, bytesToHex, hexToBytes } from "../bitcoin/bytes";
import { DUST, inputsHex, outputsHex, totalOf, txidOfUnsigned, unsignedFrom, vsizeOf } from "../bitcoin/draft";
import { hashOutputs, type Midstate, SIGHASH_ALL, sighash, sighashMidstates } from "../bitcoin/sighash";
import type { Wallet } from "../bitcoin/wallet";
import { withWitnesses, witnessesOf } from "../bitcoin/witness";
import type { Coin, Ecdsa } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, Satoshi } from "../kernel/units";
import type { WireOutput } from "../protocol/types";
import { type ChannelKeys, cableScript, channelScript, depositScript, keysFault } from "./script";

/** Place of the deposit among the funding's outputs. */
export const DEPOSIT_VOUT = 0;

const ALL_HEX = byteHex(SIGHASH_ALL);
const RETURN = "6a";
const MEMO_BYTES = 35;

export interface Funding {
  readonly keys: ChannelKeys;
  /** 1 to 5 coins of the cable, in the agreed order. */
  readonly inputs: readonly Coin[];
  readonly deposit: Satoshi;
  /** As quoted; change that would be dust is added to it. */
  readonly fee: Satoshi;
}

/** OP_RETURN with the payee's key and N, two bytes, least first. */
export function memoScript({ payeeKey, delay }: ChannelKeys): Hex {
  return `${RETURN}${byteHex(MEMO_BYTES)}${payeeKey}${byteHex(delay & 255)}${byteHex(delay >> 8)}`;
}

/**
 * The channel that a funding opened, from the scripts of its first two outputs and the cable's key;
 * undefined where it opened none of this cable's. The deposit's hash proves the memo, which anybody
 * could have written.
 */
export function channelOfFunding(deposit: Hex, memo: Hex, cableKey: Hex): ChannelKeys | undefined {
  if (!isHex(memo, 2 + MEMO_BYTES) || !memo.startsWith(`${RETURN}${byteHex(MEMO_BYTES)}`)) return undefined;
  const payeeKey = memo.slice(4, 70);
  const delay = Number.parseInt(memo.slice(70, 72), 16) + 256 * Number.parseInt(memo.slice(72), 16);
  const keys = { payeeKey, cableKey, delay };
  return keysFault(keys) === undefined && depositScript(channelScript(keys)) === deposit ? keys : undefined;
}

/** Virtual size of a signed funding, counted with the longest signatures. */
export function fundingVsize(inputs: number, change: boolean): number {
  const scripts = [DEPOSIT_FORM, MEMO_FORM];
  return vsizeOf(inputs, change ? [...scripts, CHANGE_FORM] : scripts);
}

/** Scripts of the right lengths: all that a size depends on. */
const DEPOSIT_FORM = "00".repeat(34);
const MEMO_FORM = "00".repeat(2 + MEMO_BYTES);
const CHANGE_FORM = "00".repeat(22);

/**
 * Deposit, memo, then the change unless it would be dust. Throws where the inputs do not cover
 * deposit and fee.
 */
export function fundingOutputs({ keys, inputs, deposit, fee }: Funding): readonly WireOutput[] {
  const left = totalOf(inputs) - deposit - fee;
  if (!(left >= 0))
    throw new RangeError(`expected inputs worth ${deposit} and a fee of ${fee} sat, got ${totalOf(inputs)} sat`);
  const outputs = [
    { script: depositScript(channelScript(keys)), amount: deposit },
    { script: memoScript(keys), amount: 0 },
  ];
  return left < DUST ? outputs : [...outputs, { script: cableScript(keys), amount: left }];
}

/** The canonical bytes, without witnesses: what both sides build and compare. */
export function unsignedFunding(funding: Funding): Hex {
  const outputs = fundingOutputs(funding);
  return unsignedFrom(inputsHex(funding.inputs), outputs.length, outputsHex(outputs));
}

/** The deposit as a coin: the channel's name from then on. */
export function depositCoin(funding: Funding): Coin {
  return { txid: txidOfUnsigned(unsignedFunding(funding)), vout: DEPOSIT_VOUT, amount: funding.deposit };
}

/** The funding, signed with SIGHASH_ALL. The caller has recorded what it is about to sign. */
export function signFunding(funding: Funding, wallet: Wallet): Hex {
  if (cableScript(funding.keys) !== wallet.script) throw new Error("expected a funding of the wallet's own coins");
  const fault = keysFault(funding.keys);
  if (fault) throw new Error(fault);
  const publicKey = bytesToHex(wallet.publicKey);
  const witnesses = digestsOf(funding).map((digest) => ({
    signature: bytesToHex(wallet.sign(digest)) + ALL_HEX,
    publicKey,
  }));
  return withWitnesses(unsignedFunding(funding), witnesses);
}

/**
 * True for this very funding, each input signed by the cable's key. Never throws for what a peer
 * can send.
 */
export function isSigned(funding: Funding, signed: Hex, ecdsa: Ecdsa): boolean {
  const witnesses = witnessesOf(unsignedFunding(funding), signed, funding.inputs.length);
  if (!witnesses) return false;
  const { cableKey } = funding.keys;
  if (!witnesses.every(({ signature, publicKey }) => publicKey === cableKey && signature.endsWith(ALL_HEX)))
    return false;
  const key = hexToBytes(cableKey);
  const digests = digestsOf(funding);
  return witnesses.every(({ signature }, i) =>
    ecdsa.verify(hexToBytes(signature.slice(0, -2)), digests[i] as Uint8Array, key),
  );
}

/** What the signature of each input commits to. */
function digestsOf(funding: Funding): readonly Uint8Array[] {
  const outputsHash = hashOutputs(outputsHex(fundingOutputs(funding)));
  const midstates = sighashMidstates(funding.inputs, cableScript(funding.keys));
  return funding.inputs.map((coin, i) => sighash(midstates[i] as Midstate, coin.amount, outputsHash));
}
