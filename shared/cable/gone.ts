// Channels that are over by a socket's word alone. A cable sees no chain, so what they lock, and
// what was taken without a word, counts on until its owner writes it off.

import type { ChannelEntry } from "../channel/record";
import type { Ledger } from "../journal/ledger";
import { constant } from "../kernel/constant";
import type { CableRecord, Gone } from "./record";

export const NOTHING_GONE: Gone = constant({ locked: 0, unanswered: 0 });

/** Written before the entry is marked, or goes. One that is marked was counted then. */
export function keepGone(entry: ChannelEntry, ledger: Ledger<CableRecord>): void {
  if (entry.phase === "closed") return;
  const { locked, unanswered } = ledger.record.gone ?? NOTHING_GONE;
  const of = goneOf(entry);
  ledger.write({ gone: { locked: locked + of.locked, unanswered: unanswered + of.unanswered } });
}

/** The channel goes on after all, and is counted as one that is open; written after its entry. */
export function backFromGone(entry: ChannelEntry, ledger: Ledger<CableRecord>): void {
  const { locked, unanswered } = ledger.record.gone ?? NOTHING_GONE;
  const of = goneOf(entry);
  const gone = { locked: Math.max(0, locked - of.locked), unanswered: Math.max(0, unanswered - of.unanswered) };
  ledger.write({ gone });
}

/**
 * The half leaves the payee no closing but one that gives the cable its change. So a socket that
 * keeps the change locked gives up what it has earned: so much of the change is as good as back.
 */
function goneOf({ deposit, paid, acknowledged = 0, earned = 0 }: ChannelEntry): Gone {
  return { locked: Math.max(0, deposit - paid - earned), unanswered: paid - acknowledged };
}
