// What the scheme `channel` adds to the calls, as XML-RPC structs. docs/protocol.md, "Channels",
// says what the fields mean.

import { constant } from "../kernel/constant";
import type { Hex } from "../kernel/units";
import type {
  ChannelOffer,
  ChannelPayment,
  ChannelRequest,
  ChannelResult,
  ChannelTerms,
  FundingProposal,
  VisitOffer,
} from "../protocol/channel";
import { CHANNEL } from "../protocol/words";
import { input, MAX_INPUTS, outpoints, state, ticket, transaction } from "./fields";
import { flag, hex, int, list, membersOf, milliwattHour, type Shape, satoshi, struct, text } from "./shapes";
import type { Value } from "./xmlrpc";

/** The largest N of a script (shared/channel/script.ts). */
const MAX_BLOCKS = 32_767;

const key: Shape<Hex> = hex(33);
const txid: Shape<Hex> = hex(32);
/** DER and the sighash byte. */
const half: Shape<Hex> = hex(9, 72);
const blocks = int(1, MAX_BLOCKS);
const version = int(2, 3);
const name = text<typeof CHANNEL>((value) => value === CHANNEL, `"${CHANNEL}"`);

export const channelTerms: Shape<ChannelTerms> = struct<ChannelTerms>(
  {
    payeeKey: { name: "payee_key", shape: key },
    depositLeast: { name: "deposit_min_sat", shape: satoshi },
    depositMost: { name: "deposit_max_sat", shape: satoshi },
    delay: { name: "delay_blocks", shape: blocks },
    confirmations: { name: "confirmations", shape: blocks },
    margin: { name: "margin_blocks", shape: blocks },
    version: { name: "tx_version", shape: version },
    first: { name: "first_sat", shape: satoshi },
    step: { name: "increment_sat", shape: satoshi },
  },
  "ignore",
);

export const channelRequest: Shape<ChannelRequest> = struct<ChannelRequest>(
  {
    scheme: { name: "scheme", shape: name },
    cableKey: { name: "cable_key", shape: key },
    ticket: { name: "ticket", shape: ticket },
    deposit: { name: "deposit_sat", shape: satoshi, optional: true },
    channel: { name: "channel", shape: txid, optional: true },
    close: { name: "close", shape: flag, optional: true },
    promised: { name: "promised", shape: outpoints, optional: true },
    release: { name: "release", shape: transaction, optional: true },
  },
  "refuse",
);

const fundingProposal: Shape<FundingProposal> = struct<FundingProposal>(
  {
    scheme: { name: "scheme", shape: name },
    payeeKey: { name: "payee_key", shape: key },
    delay: { name: "delay_blocks", shape: blocks },
    version: { name: "tx_version", shape: version },
    inputs: { name: "inputs", shape: list(input, 1, MAX_INPUTS) },
    deposit: { name: "deposit_sat", shape: satoshi },
    fee: { name: "fee_sat", shape: satoshi },
    transaction: { name: "transaction", shape: transaction },
  },
  "ignore",
);

const visitOffer: Shape<VisitOffer> = struct<VisitOffer>(
  {
    scheme: { name: "scheme", shape: name },
    channel: { name: "channel", shape: txid },
    payeeKey: { name: "payee_key", shape: key },
    delay: { name: "delay_blocks", shape: blocks },
    version: { name: "tx_version", shape: version },
    deposit: { name: "deposit_sat", shape: satoshi },
    paid: { name: "paid_sat", shape: satoshi },
    half: { name: "half", shape: half, optional: true },
    pay: { name: "pay_sat", shape: satoshi },
    energy: { name: "energy_mwh", shape: milliwattHour },
    price: { name: "price_msat_per_wh", shape: int(1) },
    credit: { name: "credit_mwh", shape: milliwattHour },
    closing: { name: "closing", shape: flag },
  },
  "ignore",
);

/** A proposal of a funding has its bytes, an offer for a visit its channel. */
export const channelOffer: Shape<ChannelOffer> = constant({
  write: (value) => ("transaction" in value ? fundingProposal.write(value) : visitOffer.write(value)),
  read: (value, field) =>
    membersOf(value)?.has("transaction") ? fundingProposal.read(value, field) : visitOffer.read(value, field),
});

export const channelPayment: Shape<ChannelPayment> = struct<ChannelPayment>(
  {
    ticket: { name: "ticket", shape: ticket },
    funding: { name: "funding", shape: transaction, optional: true },
    channel: { name: "channel", shape: txid, optional: true },
    paid: { name: "paid_sat", shape: satoshi, optional: true },
    half: { name: "half", shape: half, optional: true },
  },
  "refuse",
);

export const channelResult: Shape<ChannelResult> = struct<ChannelResult>(
  {
    channel: { name: "channel", shape: txid },
    state: { name: "state", shape: state },
    credited: { name: "credited_mwh", shape: milliwattHour },
    remaining: { name: "remaining_mwh", shape: milliwattHour },
    pay: { name: "pay_sat", shape: satoshi },
    energy: { name: "energy_mwh", shape: milliwattHour },
  },
  "ignore",
);

/** True for the parameter of a power_request that is about a channel. */
export function isChannelRequest(value: Value): boolean {
  return membersOf(value)?.get("scheme") === CHANNEL;
}

/** True for the parameter of a pay_transaction that pays into a channel. */
export function isChannelPayment(value: Value): boolean {
  const members = membersOf(value);
  return members?.has("channel") === true || members?.has("funding") === true;
}
