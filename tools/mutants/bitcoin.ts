// Guards of transactions: what the cable signs, and what the socket accepts as signed.

import type { Mutation } from "./mutation";

function audit(name: string, from: string, to: string, proves?: string): Mutation {
  return { name, file: "shared/bitcoin/audit-rules.ts", from, to, tests: ["host-tests/bitcoin/audit.test.ts"], proves };
}

function mutation(name: string, file: string, from: string, to: string, test: string, proves?: string): Mutation {
  return { name, file: `shared/bitcoin/${file}.ts`, from, to, tests: [`host-tests/bitcoin/${test}.test.ts`], proves };
}

const LIE = "a lie made consistent, with bytes to match, still never costs more than the step and the fee limit";

export const BITCOIN: readonly Mutation[] = [
  audit("audit-scheme", "if (offer.scheme !== scheme)", "if (false)"),
  audit("audit-increment-number", "if (offer.increment !== increment)", "if (false)"),
  audit("audit-latest-expiry", "return offer.expiry > latest ?", "return false ?"),
  audit("audit-session-id", "if (offer.session !== agreed.session)", "if (false)"),
  audit("audit-session-maximum", "if (offer.sessionMax !== agreed.sessionMax)", "if (false)"),
  audit("audit-expiry-agreed", "if (offer.expiry !== agreed.expiry)", "if (false)"),
  audit("audit-price", "return expectation.price > most ?", "return false ?"),
  audit("audit-coin-named-twice", "if (seen.includes(outpoint))", "if (false)"),
  audit("audit-coins-agreed", "if (sameOutpoints(agreed.inputs, offer.inputs)) return undefined;", "return undefined;"),
  audit("audit-coin-pledged", "offer.inputs.find(pledgedElsewhere)", "offer.inputs.find(() => false)"),
  audit("audit-amount-pinned", "[agreed, expectation.pinned(coin)]", "[agreed]"),
  audit("audit-amount-agreed", "[agreed, expectation.pinned(coin)]", "[expectation.pinned(coin)]"),
  audit("audit-payee-changed", "if (agreed && socket?.script !== agreed.socketScript)", "if (false)"),
  audit("audit-payee-is-cable", " || socket.script === payerScript)", ")"),
  audit("audit-change-redirected", "if (change && change.script !== payerScript)", "if (false)"),
  audit("audit-arrears", "if (offer.arrears > owed)", "if (false)", LIE),
  audit("audit-overcharged", "if (bought > increment)", "if (false)"),
  audit("audit-increment-worth", "if (bought !== increment && bought !== 0)", "if (false)"),
  audit("audit-nothing-bought", "if (bought === 0 && offer.arrears === 0 && !raisesFee(step))", "if (false)"),
  audit("audit-dust", "return amount < dust ?", "return false ?"),
  audit("audit-session-limit", "return paid > most ?", "return false ?"),
  audit("audit-energy-short", "return energy < due ?", "return false ?"),
  audit("audit-fee-hidden", "if (offer.fee !== left)", "if (false)"),
  audit("audit-fee-limit", "if (left > limits.fee)", "if (false)", LIE),
  audit("audit-fee-rate", "if (left > most)", "if (false)"),
  mutation("audit-bytes", "audit", "if (prepared.unsigned !== offer.transaction)", "if (false)", "audit"),
  mutation(
    "signed-key",
    "transaction",
    "scriptOfKey(hexToBytes(publicKey)) === payerScript",
    "payerScript !== undefined",
    "transaction",
  ),
  mutation("signed-sighash", "transaction", "if (sighashByte !== SIGHASH_ALL_HEX)", "if (false)", "transaction"),
  mutation(
    "signed-verified",
    "transaction",
    "if (ecdsa.verify(der, digest, hexToBytes(witness.publicKey)))",
    "if (ecdsa && digest)",
    "transaction",
    "no single changed bit of a signed transaction is accepted",
  ),
  mutation("signed-low-s", "der", "return hasLowS(compact) ? compact : undefined;", "return compact;", "ecdsa"),
  mutation("signed-der-minimal", "der", "if (!isMinimal(r) || !isMinimal(s)) return undefined;", "", "ecdsa"),
  mutation(
    "signed-nothing-follows",
    "witness",
    "return at === end ? witnesses",
    "return at ? witnesses",
    "transaction",
  ),
  mutation("draft-change-dust", "draft", "return left < DUST ? [socket] :", "return left < 0 ? [socket] :", "draft"),
  mutation(
    "draft-fee-with-dust",
    "draft",
    "return left < DUST ? draft.fee + left : draft.fee;",
    "return draft.fee;",
    "draft",
  ),
  mutation("fee-pays-relaying", "fees", "Math.max(relayed, better)", "better", "fees"),
  mutation("fee-rate-better", "fees", "Math.max(relayed, better)", "relayed", "fees"),
  mutation("fee-covered", "fees", "return left >= alone ? left : undefined;", "return left;", "fees"),
  mutation("coins-unconfirmed", "coins", "return coin.height !== undefined || (", "return true || (", "coins"),
  mutation("coins-excluded", "coins", " || choice.excluded?.(coin)) return false", ") return false", "coins"),
  mutation("coins-fee-kept-back", "coins", "totalOf(coins) - feeLimit", "totalOf(coins)", "coins"),
];
