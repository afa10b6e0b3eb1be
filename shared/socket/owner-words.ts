// What the owner wants done once: each setting holds a word, and another word is another order.

import type { SocketParts } from "./parts";

/** Writes off what cables owe, and deals with those again that cheated. */
export function forgive({ ledger, settings, report }: SocketParts): void {
  const { debts } = ledger.record;
  report({ name: "forgiven", debts: debts.reduce((sum, { amount }) => sum + amount, 0) });
  ledger.write({ debts: [], cheats: [], cheatCoins: [], forgiven: settings.forgive });
}

/** The setting `forgive`. */
export function forgiveByWord(parts: SocketParts): void {
  const { forgive: word } = parts.settings;
  if (word !== "" && word !== parts.ledger.record.forgiven) forgive(parts);
}

/** The setting `closeChannels`: all channels close. */
export function closeChannelsByWord({ book, ledger, settings }: SocketParts): void {
  const { closeChannels: word } = settings;
  if (!book || word === "" || word === ledger.record.channelsClosed) return;
  for (const { txid, half } of book.entries) if (half) book.startClosing(txid);
  ledger.write({ channelsClosed: word });
}
