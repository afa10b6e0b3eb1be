// What a cable's owner writes off, at once or by a word that is followed once, at a start:
// `release` takes coins back that vanished sockets hold, `forgive` writes off what sockets took and
// did not give.

import type { ChannelPocket } from "../channel/pocket";
import type { Ledger } from "../journal/ledger";
import { outpointKey } from "../kernel/outpoint";
import type { Reporter } from "../kernel/ports";
import { NOTHING_GONE } from "./gone";
import type { Purse } from "./purse";
import type { CableRecord } from "./record";
import type { CableSettings } from "./settings";

export interface OwnerParts {
  readonly ledger: Ledger<CableRecord>;
  readonly purse: Purse;
  readonly pocket: ChannelPocket | undefined;
  readonly settings: CableSettings;
  readonly report: Reporter;
}

/** The setting `forgive`: once for each word. Throws where the journal takes nothing. */
export function forgiveByWord(parts: OwnerParts): void {
  const { forgive: word } = parts.settings;
  if (word !== "" && word !== parts.ledger.record.forgiven) forgive(parts);
}

/** Also pays those again that cheated. Throws where the journal takes nothing. */
export function forgive({ ledger, purse, pocket, settings, report }: OwnerParts): void {
  const { claims, pledges } = ledger.record;
  report({
    name: "forgiven",
    claims: claims.reduce((sum, { value }) => sum + value, 0),
    unanswered: purse.outOfHand(),
  });
  // A payment that was never acknowledged may still be mined: the owner writes its worth off, and
  // it frees no coin.
  const closed = pledges.map((each) => ({ ...each, unanswered: 0, forgiven: each.forgiven || each.unanswered > 0 }));
  const written = {
    claims: [],
    pledges: closed,
    gone: NOTHING_GONE,
    cheats: [],
    losses: 0,
    forgiven: settings.forgive,
  };
  ledger.write({ ...written, ...purse.forgiven() });
  // A deposit that a vanished socket holds is the owner's to get back.
  for (const { txid, phase } of pocket?.entries ?? []) if (phase !== "open") pocket?.over(txid);
}

/**
 * Comes before `forgive`, which forgets the coins' worth. Throws where the journal takes nothing.
 */
export function release({ ledger, purse, settings, report }: OwnerParts): void {
  if (settings.release === "" || settings.release === ledger.record.released) return;
  const written = purse.released();
  ledger.write({ ...written, released: settings.release });
  const freed = ledger.record.pledges.filter((pledge) => pledge.release);
  report({ name: "released", coins: freed.length, stuck: purse.stuck().length - freed.length });
}

/**
 * Channels end: their sockets are asked to close them, and all sockets get the refunds to
 * broadcast.
 */
export function leaveChannels({ ledger, pocket, settings, report }: OwnerParts): void {
  if (!pocket || settings.leaveChannels === "" || settings.leaveChannels === ledger.record.channelsLeft) return;
  for (const { txid } of pocket.entries) pocket.end(txid);
  ledger.write({ channelsLeft: settings.leaveChannels });
  report({ name: "channels-left", channels: pocket.entries.length, locked: pocket.locked });
}

/** What the owner must know to free coins that pay nobody: which, for how much, and the action. */
export function tellStuck({ purse, report }: OwnerParts): void {
  for (const { outpoints, unanswered, socketScript, release: back, forgiven } of purse.stuck())
    report({
      name: "stuck",
      coins: outpoints.map(outpointKey).join(" "),
      value: forgiven ? 0 : unanswered,
      payee: socketScript,
      ...(back && { release: back.txid }),
    });
}
