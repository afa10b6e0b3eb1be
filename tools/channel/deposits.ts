// A channel's deposit, found again by its cable's key: from the funding's own bytes, or from the
// cable's journal. docs/channel.md, "Funding", says what the memo in it is for.

import { addressOf, type Network } from "../../shared/bitcoin/address";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import type { Wallet } from "../../shared/bitcoin/wallet";
import { type RawTx, readRawTx } from "../../shared/chain/raw-tx";
import { type Deposit, TRUC_VERSION } from "../../shared/channel/closing";
import { channelOfFunding, DEPOSIT_VOUT } from "../../shared/channel/funding";
import { type ChannelEntry, depositOf, entryJournal } from "../../shared/channel/record";
import { UsageError } from "../command";

const MEMO_VOUT = 1;
const CHANGE_VOUT = 2;
/** How an OP_RETURN of 35 bytes begins, and its length in digits. */
const MEMO = "6a23";
const MEMO_DIGITS = 74;
/** Of the journal's first entry; which one a file is from does not matter. */
const ANY_SLOT = "channel.0.a";

/**
 * The deposit of a signed or unsigned funding. Throws a UsageError for one of another cable, and
 * for what is no funding.
 */
export function depositOfFunding(raw: string, cable: Wallet, network: Network): Deposit {
  const tx = read(raw);
  const [deposit, memo] = [tx.outputs[DEPOSIT_VOUT], tx.outputs[MEMO_VOUT]];
  if (!deposit || !memo?.script.startsWith(MEMO) || memo.script.length !== MEMO_DIGITS)
    throw new UsageError(
      `expected a channel's funding, with an OP_RETURN of 35 bytes as its second output; ${tx.txid} has none`,
    );
  const keys = channelOfFunding(deposit.script, memo.script, bytesToHex(cable.publicKey));
  if (!keys)
    throw new UsageError(`${tx.txid} is no funding by ${addressOf(cable.script, network)}. ${whose(tx, network)}`);
  return { keys, coin: { txid: tx.txid, vout: DEPOSIT_VOUT, amount: deposit.amount }, version: TRUC_VERSION };
}

/**
 * The deposit of an entry `channel.*.a` or `.b` of the cable's store. Throws a UsageError where it
 * is none, or another cable's.
 */
export function depositOfEntry(bytes: Uint8Array, cable: Wallet, network: Network): Deposit {
  const entry = entryOf(bytes, "cable");
  const deposit = depositOf(entry);
  if (deposit.keys.cableKey !== bytesToHex(cable.publicKey))
    throw new UsageError(
      `the channel ${entry.txid} is of another cable than that of ${addressOf(cable.script, network)}`,
    );
  return deposit;
}

/** An entry `channel.*.a` or `.b` of a device's store. Throws a UsageError where it is none. */
export function entryOf(bytes: Uint8Array, device: string): ChannelEntry {
  let why = "it is empty";
  const store = {
    read: (key: string) => (key === ANY_SLOT ? bytes : undefined),
    write: () => {},
    remove: () => {},
  };
  const entry = entryJournal(store, 0, (event) => {
    why = String(event.why);
  }).load();
  if (!entry) throw new UsageError(`expected an entry of the ${device}'s journal of channels: ${why}`);
  return entry;
}

function read(raw: string): RawTx {
  try {
    return readRawTx(raw);
  } catch (error) {
    throw new UsageError(`expected the funding's bytes: ${(error as Error).message}`);
  }
}

/** What a wrong key's owner can do about it. */
function whose({ outputs }: RawTx, network: Network): string {
  const change = outputs[CHANGE_VOUT];
  if (!change) return "Give the key of the cable that funded it: the one whose coins it spends.";
  return `Its change went to ${addressOf(change.script, network)}: give the key of that address.`;
}
