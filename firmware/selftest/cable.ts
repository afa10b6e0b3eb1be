// The self-test of a cable's image: the numbers of BIP143 by its own cryptography in flash, then a
// payment audited, refused where it was tampered with, built and signed.

import { auditDraft } from "../../shared/bitcoin/audit";
import type { AuditExpectation } from "../../shared/bitcoin/audit-step";
import { bytesToHex, hexToBytes } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { signDraft } from "../../shared/bitcoin/sign";
import { openWallet } from "../../shared/bitcoin/wallet";
import { BIP143, type Check, draftOf, offerOf } from "./fixture";

export default function selfTest(): readonly Check[] {
  const secret = hexToBytes(BIP143.secret);
  const wallet = openWallet(secret, ecdsa);
  const signature = bytesToHex(wallet.sign(hexToBytes(BIP143.digest)));
  const expectation: AuditExpectation = {
    scheme: "single-fee",
    payerScript: wallet.script,
    increment: 10_000,
    price: 250_000,
    limits: { price: 300_000, fee: 2000, feeRate: 10_000, session: 100_000, arrears: 0 },
    pinned: () => undefined,
    pledgedElsewhere: () => false,
  };
  const offer = offerOf(draftOf());
  const passed = auditDraft(offer, expectation);
  const greedy = auditDraft({ ...offer, fee: offer.fee + 1 }, expectation);
  return [
    { name: "key", holds: bytesToHex(wallet.publicKey) === BIP143.publicKey && wallet.script === BIP143.script },
    { name: "sign", holds: signature === BIP143.signature, gave: signature },
    { name: "build", holds: offer.transaction.length > 0, gave: offer.transaction },
    { name: "audit", holds: passed.ok && !greedy.ok },
    { name: "pay", holds: passed.ok, gave: passed.ok ? signDraft(passed.draft, wallet) : "" },
  ];
}
