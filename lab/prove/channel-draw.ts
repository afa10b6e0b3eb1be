// What a plan by channel draws: the owners' terms, and the tricks of rogues that speak of channels.

import fc from "fast-check";

/** An increment of 30 s at the largest power is not more than the cable allows. */
export const CHANNEL_DRAW = { increment: 1_000, buys: 33_333 } as const;

/** Of the cable: one deposit that is untouched, or two. */
export const channelCableDraw = fc.record({
  deposit: fc.constant(10_000),
  maxLocked: fc.constantFrom(15_000, 20_000),
});

/** Of the socket. The shortest delay, so that a plan may see its end. */
export const channelDraw = fc.record({
  channelConfirmations: fc.integer({ min: 1, max: 3 }),
  channelDelay: fc.constant(2_016),
  depositMin: fc.constant(10_000),
  maxUnclosed: fc.constantFrom(3_000, 12_000, 20_000),
  fundingMaxAge: fc.constantFrom(60_000, 600_000, 86_400_000),
});

export const ROGUE_PAYER_TRICKS = [
  "channel-open",
  "channel-open",
  "channel-visit",
  "channel-pay",
  "channel-pay",
  "channel-keep-paying",
  "channel-keep-paying",
  "channel-keep-paying",
  "channel-pay-wrong",
  "channel-replay",
  "channel-switch",
  "channel-close",
  "channel-close-pay",
  "channel-replace",
  "channel-unbury",
  "channel-unbury",
  "channel-refund",
  "channel-refund",
  "channel-pin",
  "channel-steal",
  "request",
  "pay",
  "draw",
  "double-spend",
  "switch-purse",
  "flood",
] as const;

/** What a rogue socket does in one attack that is held for a whole plan. */
export const HELD_LIES = [
  ...(["starve", "lie-due", "no-credit", "channel-hold", "channel-gone", "channel-closing"] as const),
  ...(["channel-deny", "channel-deny", "channel-deny", "channel-deny", "channel-gone", "channel-gone"] as const),
  ...(["channel-ask", "channel-forget", "channel-refuse", "channel-refuse"] as const),
  ...(["channel-silence", "channel-no-credit", "channel-coins", "channel-amounts", "channel-deposit"] as const),
] as const;

/** Before the first cable comes. */
export const OPENING_LIES = [
  ...(["honest", "honest", "honest", "honest", "channel-delay", "channel-key", "channel-hold"] as const),
  ...(["channel-amounts", "channel-deposit"] as const),
] as const;

export const ROGUE_SELLER_TRICKS = [
  ...(["honest", "honest", "honest", "honest", "starve", "power", "cycle", "lie-due", "lie-used"] as const),
  ...(["new-script", "no-credit", "broadcast-now"] as const),
  ...([
    "channel-delay",
    "channel-key",
    "channel-deposit",
    "channel-version",
    "channel-fee",
    "channel-amounts",
  ] as const),
  ...(["channel-coins", "channel-hold", "channel-fund-later", "channel-not-ready", "channel-gone"] as const),
  ...(["channel-gone", "channel-closing", "channel-deny", "channel-deny", "channel-ask", "channel-ask"] as const),
  ...(["channel-price", "channel-forget", "channel-no-credit", "channel-refuse", "channel-silence"] as const),
  ...(["channel-close", "channel-close-old"] as const),
] as const;
