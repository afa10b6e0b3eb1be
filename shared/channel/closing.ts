// Closings: the transaction that ends a channel in the payee's way,
// [the cable's change, the payee's share].
//
// The cable's half fixes input 0 and output 0. The payee writes the rest when the channel closes:
// its script, the fee out of its own share, and coins of its own (paid to the P2WPKH script of the
// channel's payee key) where that share is too small.

import { scriptOfKey } from "../bitcoin/address";
import { byteHex, bytesToHex, hexToBytes, le32 } from "../bitcoin/bytes";
import { dustOf, LOCK_TIME, outpointHex, outputsHex, SEQUENCE, totalOf } from "../bitcoin/draft";
import type { Midstate } from "../bitcoin/sighash";
import { SIGHASH_ALL } from "../bitcoin/sighash";
import type { Wallet } from "../bitcoin/wallet";
import type { Coin, Ecdsa } from "../kernel/ports";
import { isHex } from "../kernel/text";
import type { Hex, Satoshi } from "../kernel/units";
import { type ChannelKeys, cableScript, channelScript, SCRIPT_BYTES } from "./script";
import { halfDigest, halfMidstate, SINGLE_ANYONECANPAY, type WholeSpend, wholeDigest } from "./sighash";

/** TRUC (BIP431): always replaceable, and a child that the cable pins it with has at most 1 kvB. */
export const TRUC_VERSION = 3;
/** Fee coins in one closing; a TRUC transaction could hold more, an owner has no use for them. */
export const MAX_FEE_COINS = 4;

const HALF_TYPE = byteHex(SINGLE_ANYONECANPAY);
const SIGNATURE_BYTES = 72;
const INPUT_BYTES = 36 + 1 + 4;
const DEPOSIT_WITNESS_BYTES = 1 + (1 + SIGNATURE_BYTES) * 2 + 1 + SCRIPT_BYTES;
const COIN_WITNESS_BYTES = 1 + 1 + SIGNATURE_BYTES + 1 + 33;
const CHANGE_BYTES = 8 + 1 + 22;

/** A deposit that is on its way or in a block, with all that its spending takes. */
export interface Deposit {
  readonly keys: ChannelKeys;
  /** The funding's output 0. */
  readonly coin: Coin;
  /** Of the closing; the halves commit to it. 3, or 2 where nodes do not relay that yet. */
  readonly version: number;
}

/** What both sides compute once a channel. */
export interface ChannelFrame {
  readonly script: Hex;
  readonly cableScript: Hex;
  readonly midstate: Midstate;
}

export function channelFrame({ keys, coin, version }: Deposit): ChannelFrame {
  const script = channelScript(keys);
  return { script, cableScript: cableScript(keys), midstate: halfMidstate(coin, script, version) };
}

/** What the cable signs for a closing that gives it `change`. */
export function digestOfHalf(frame: ChannelFrame, change: Satoshi): Uint8Array {
  return halfDigest(frame.midstate, outputsHex([{ script: frame.cableScript, amount: change }]));
}

/**
 * The cable's half: DER and the sighash byte 83. The caller has recorded what it is about to sign.
 */
export function signHalf(frame: ChannelFrame, change: Satoshi, wallet: Wallet): Hex {
  if (frame.cableScript !== wallet.script) throw new Error("expected a channel of the wallet's own key");
  return bytesToHex(wallet.sign(digestOfHalf(frame, change))) + HALF_TYPE;
}

/**
 * True for a half of this very state: strict DER, low S, type 83, the cable's key. Never throws for
 * what a peer can send.
 */
export function isHalf(deposit: Deposit, frame: ChannelFrame, change: Satoshi, half: Hex, ecdsa: Ecdsa): boolean {
  if (!isHex(half) || half.length > 2 * SIGNATURE_BYTES || !half.endsWith(HALF_TYPE)) return false;
  // The port takes strict DER with a low S only.
  return ecdsa.verify(hexToBytes(half.slice(0, -2)), digestOfHalf(frame, change), hexToBytes(deposit.keys.cableKey));
}

/** What the payee chooses when the channel closes. */
export interface ClosingTerms {
  /** Where its share goes. */
  readonly payeeScript: Hex;
  readonly fee: Satoshi;
  /** Coins of `feeCoinScript`, spent along to pay a fee that the share alone does not cover. */
  readonly coins: readonly Coin[];
}

/** Virtual size of a closing, counted with the longest signatures. */
export function closingVsize(payeeScript: Hex, coins = 0): number {
  const base = 4 + 1 + INPUT_BYTES * (1 + coins) + 1 + CHANGE_BYTES + 8 + 1 + payeeScript.length / 2 + 4;
  return Math.ceil((4 * base + 2 + DEPOSIT_WITNESS_BYTES + COIN_WITNESS_BYTES * coins) / 4);
}

/**
 * What the payee gets; less than its script's dust limit, or less than nothing, where the fee eats
 * it up.
 */
export function payeeShare(deposit: Deposit, change: Satoshi, terms: ClosingTerms): Satoshi {
  return deposit.coin.amount - change + totalOf(terms.coins) - terms.fee;
}

/** P2WPKH of a channel's payee key: a coin that is sent there pays for the channel's closing. */
export function feeCoinScript(keys: ChannelKeys): Hex {
  return scriptOfKey(hexToBytes(keys.payeeKey));
}

/** The closing without witnesses. Throws where it would leave the payee dust. */
export function unsignedClosing(deposit: Deposit, frame: ChannelFrame, change: Satoshi, terms: ClosingTerms): Hex {
  const { version, inputs, sequence, outputs } = closingSpend(deposit, frame, change, terms);
  let hex = le32(version) + byteHex(inputs.length);
  for (const input of inputs) hex += `${outpointHex(input)}00${le32(sequence)}`;
  return `${hex}02${outputs}${le32(LOCK_TIME)}`;
}

/**
 * The whole closing: the cable's half and the payee's signatures, under ALL, so that nobody changes
 * a thing afterwards. Only for a channel that has closed: what comes out is a state that anybody
 * may broadcast.
 */
export function signClosing(
  deposit: Deposit,
  frame: ChannelFrame,
  state: { readonly change: Satoshi; readonly half: Hex },
  terms: ClosingTerms,
  payee: Wallet,
): Hex {
  if (bytesToHex(payee.publicKey) !== deposit.keys.payeeKey) throw new Error("expected the channel's own payee key");
  const spend = closingSpend(deposit, frame, state.change, terms);
  const unsigned = unsignedClosing(deposit, frame, state.change, terms);
  const own = signWhole(payee, wholeDigest(spend, deposit.coin, frame.script));
  let stacks = `03${push(state.half)}${push(own)}${push(frame.script)}`;
  const code = `76a914${payee.script.slice(4)}88ac`;
  for (const coin of terms.coins)
    stacks += `02${push(signWhole(payee, wholeDigest(spend, coin, code)))}${push(deposit.keys.payeeKey)}`;
  return withStacks(unsigned, stacks);
}

/** A transaction with witnesses, from one without and their stacks. */
export function withStacks(unsigned: Hex, stacks: Hex): Hex {
  return `${unsigned.slice(0, 8)}0001${unsigned.slice(8, -8)}${stacks}${unsigned.slice(-8)}`;
}

/** A witness's item of at most 252 bytes. */
export function push(item: Hex): Hex {
  return byteHex(item.length / 2) + item;
}

/** A signature with SIGHASH_ALL's byte. */
export function signWhole(wallet: Wallet, digest: Uint8Array): Hex {
  return bytesToHex(wallet.sign(digest)) + byteHex(SIGHASH_ALL);
}

function closingSpend(deposit: Deposit, frame: ChannelFrame, change: Satoshi, terms: ClosingTerms): WholeSpend {
  const { payeeScript, coins } = terms;
  const share = payeeShare(deposit, change, terms);
  const dust = dustOf(payeeScript);
  if (share < dust) throw new RangeError(`expected a share of at least ${dust} sat after the fee, got ${share} sat`);
  if (coins.length > MAX_FEE_COINS)
    throw new RangeError(`expected at most ${MAX_FEE_COINS} coins, got ${coins.length}`);
  const outputs = outputsHex([
    { script: frame.cableScript, amount: change },
    { script: payeeScript, amount: share },
  ]);
  return { version: deposit.version, inputs: [deposit.coin, ...coins], sequence: SEQUENCE, outputs };
}
