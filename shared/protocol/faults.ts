// The catalogue of faults: every refusal has a stable code, a name and one sentence that says which
// rule was broken. Codes below 0 are those of "Specification for Fault Code Interoperability"
// (xmlrpc-epi, 2001); ours count from 100.

import { constant } from "../kernel/constant";
import { NamedError } from "../kernel/named-error";

export const FAULTS = constant({
  "parse-error": [-32700, "The request is not well-formed XML-RPC."],
  "method-not-found": [-32601, "There is no such method; system.listMethods names them."],
  "invalid-parameters": [-32602, "A parameter is missing, has the wrong type or is out of range."],
  "internal-error": [-32603, "The socket failed on its own side; nothing was credited or lost."],
  "too-large": [-32400, "The request is larger than the socket reads."],
  "too-many-requests": [-32401, "Too many requests from here; wait and try again."],

  "locked-out": [100, "The socket is in lockout because nobody paid in time; wait until it ends."],
  "unknown-scheme": [101, "The socket does not accept this payment scheme; get_status lists those it does."],
  "bad-address": [102, "The address is not a native SegWit (P2WPKH) address of the socket's network."],
  "insufficient-funds": [103, "The address has no confirmed coins worth an increment and its fee."],
  "unknown-session": [104, "There is no such session here; open one with power_request."],
  "session-ended": [105, "The session has ended and was settled; open another with power_request."],
  "wrong-increment": [106, "This is not the increment that the socket proposed last."],
  "socket-busy": [107, "Another cable's session is open at this socket."],
  "exposure-limit": [108, "Too much delivered energy waits for confirmation; try again after the next block."],
  "address-refused": [109, "This address, or a coin of it, cheated here before."],
  "power-fault": [110, "The power gate has tripped or is not calibrated; no power is sold until that is over."],
  stopping: [111, "The socket is about to restart and takes no payments."],
  "fees-too-high": [112, "The network's fees are above the socket's limit; try again when they have fallen."],
  "unknown-channel": [113, "There is no such channel here, or it is another cable's."],
  "channel-not-ready": [114, "The channel's funding is not buried yet, or the chain was not asked about it since."],
  "channel-closing": [115, "The channel closes, or has closed, and sells nothing more."],
  "too-many-channels": [116, "The socket keeps no more channels than it has."],
  "bad-deposit": [117, "The deposit is not within the socket's terms; get_status tells them."],
  "unclosed-limit": [118, "All that the owner lets stand in channels is paid; try again when the oldest has closed."],

  "malformed-transaction": [200, "The transaction is not a canonical serialisation of version 2 with witnesses."],
  "wrong-inputs": [201, "The transaction does not spend the agreed inputs in the agreed order."],
  "wrong-payee": [202, "The first output does not pay the socket."],
  underpaid: [203, "The output to the socket is worth less than the draft says."],
  "wrong-change": [204, "The change is not what the draft says."],
  "wrong-fee": [205, "The fee is not what the draft says."],
  "not-the-draft": [206, "The transaction differs from the draft in version, sequence, lock time or outputs."],
  "bad-signature": [207, "A signature does not verify under the payer's key."],
  "wrong-sighash": [208, "A signature does not commit to the whole transaction (SIGHASH_ALL)."],
  "malleable-signature": [209, "A signature is not strict DER with a low S."],
  "wrong-key": [210, "A witness carries another public key than the payer's address."],
  "input-spent": [211, "An input of the session was spent by another transaction."],
  "already-superseded": [212, "A later commitment of this session is already held; this one pays nothing."],
  "bad-funding": [213, "The transaction is not the funding that was proposed, signed."],
  "bad-increment": [214, "The increment is not the cable's signature of a sum that this channel may have next."],

  "chain-unavailable": [300, "The socket cannot ask the chain whether the inputs are unspent; paid power goes on."],
  "broadcast-refused": [301, "The network refused the transaction; nothing was credited."],
} as const satisfies Record<string, readonly [code: number, sentence: string]>);

export type FaultName = keyof typeof FAULTS;

/**
 * An XML-RPC fault: what a call answers instead of a result. `detail` adds the facts (expected,
 * came).
 */
export class Fault extends NamedError {
  override readonly name = "Fault";
  readonly code: number;
  constructor(
    readonly fault: FaultName,
    readonly detail = "",
    readonly retryAfterMs?: number,
  ) {
    super(`${FAULTS[fault][1]}${detail ? ` ${detail}` : ""}`);
    this.code = FAULTS[fault][0];
  }
}

/** The catalogue's name of a code, for the calling side. */
export function faultName(code: number): FaultName | undefined {
  for (const name in FAULTS) if (FAULTS[name as FaultName][0] === code) return name as FaultName;
  return undefined;
}
