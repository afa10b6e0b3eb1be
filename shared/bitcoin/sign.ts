// How the cable makes a commitment out of a draft. In a file of its own, so that its image carries
// no parser.

import type { Hex } from "../kernel/units";
import { byteHex, bytesToHex } from "./bytes";
import type { Draft } from "./draft";
import { type PreparedDraft, prepareDraft } from "./frame";
import { SIGHASH_ALL } from "./sighash";
import type { Wallet } from "./wallet";
import { withWitnesses } from "./witness";

/** A draft and the bytes that may be broadcast for it. */
export interface SignedDraft {
  readonly draft: Draft;
  readonly transaction: Hex;
}

/**
 * Signs every input with SIGHASH_ALL. The caller has audited the draft and recorded what it is
 * about to sign.
 */
export function signDraft(draft: Draft, wallet: Wallet, prepared: PreparedDraft = prepareDraft(draft)): Hex {
  if (draft.payerScript !== wallet.script) throw new Error("expected a draft that spends the wallet's own coins");
  const publicKey = bytesToHex(wallet.publicKey);
  const witnesses = prepared.digests.map((digest) => ({
    signature: bytesToHex(wallet.sign(digest)) + byteHex(SIGHASH_ALL),
    publicKey,
  }));
  return withWitnesses(prepared.unsigned, witnesses);
}
