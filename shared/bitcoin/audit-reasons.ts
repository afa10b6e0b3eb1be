// The catalogue of reasons for which a cable refuses a draft: a stable name and one sentence each.

import { constant } from "../kernel/constant";

export const AUDIT_REASONS = constant({
  "malformed-offer": "A field of the offer has the wrong form or is out of range.",
  "wrong-session": "The offer belongs to another session, scheme or increment than the cable asked for.",
  "terms-changed": "The session's maximum or its end is not what was agreed when it was opened.",
  "expiry-too-late": "The session would hold the cable's coins longer than its owner allows.",
  overpriced: "The price of energy is above the owner's limit.",

  "wrong-coins": "The inputs are not the agreed coins in the agreed order.",
  "foreign-coin": "An input is not among the coins that the cable pledged to this session.",
  "coin-pledged": "An input is pledged to another payee, or the cable has spent it.",
  "duplicate-input": "The same coin is spent twice.",
  "amount-changed": "An input's amount is not the one that the cable saw first.",

  "bad-payee": "The first output is no native SegWit script that a socket could spend from.",
  "payee-changed": "The first output pays another script than the session's socket.",
  "redirected-change": "The second output does not go back to the cable's own script.",
  "wrong-change": "The change is not exactly what inputs, payment and fee leave over.",

  overcharged: "The draft pays the socket more than the previous value, one increment and the arrears.",
  "wrong-increment": "The draft pays the socket another value than the protocol's next one.",
  "nothing-bought": "The draft buys no energy, pays no arrears and offers no higher fee.",
  "dust-increment": "The socket's output is worth less than nodes relay.",
  "arrears-refused": "The draft asks for more arrears than the cable owes.",
  "energy-short": "The draft credits less energy than its payment buys at the agreed price.",
  "session-limit": "The session would pay more than its maximum or the owner's limit.",

  "hidden-fee": "The fee that the offer states is not what its inputs leave to the miner.",
  "fee-too-high": "The miner's fee is above the owner's limit.",
  "fee-rate-too-high": "The miner's fee for a vbyte is above the owner's limit.",

  "not-canonical": "The transaction's bytes are not those that the cable builds for this payment.",
} as const satisfies Record<string, string>);

export type AuditReason = keyof typeof AUDIT_REASONS;
