// The moves of a run: what the world, the line, the chain and a cheat may do, one at a time, with
// time in between. Plain data, so that fast-check can shrink a failing run to the few moves that
// matter and print them.

import fc from "fast-check";
import type { CutKind } from "../model/store";
import type { ViewFault } from "../model/view";
import { type CableManner, cableManner } from "./cable-manner";
import {
  CHANNEL_DRAW,
  channelCableDraw,
  channelDraw,
  HELD_LIES,
  OPENING_LIES,
  ROGUE_PAYER_TRICKS,
  ROGUE_SELLER_TRICKS,
} from "./channel-draw";
import { attack, type Manner, manner } from "./manner";
import type { Terms } from "./stage";

export type Move =
  /** The appliance draws this much, mW. */
  | { readonly kind: "load"; readonly power: number }
  | { readonly kind: "unplug" }
  | { readonly kind: "plug" }
  | { readonly kind: "mine"; readonly blocks: number }
  /** Other people's demand for block space, msat/vB. */
  | { readonly kind: "market"; readonly rate: number }
  | { readonly kind: "reorg" }
  /**
   * The plug is out and nothing flows for `days`, in each of which so many blocks come; then it is
   * as before.
   */
  | { readonly kind: "days"; readonly days: number; readonly blocks: number }
  | { readonly kind: "censor"; readonly on: boolean }
  | { readonly kind: "chain"; readonly fault: ViewFault; readonly delay: number }
  | {
      readonly kind: "line";
      readonly drop: number;
      readonly lose: number;
      readonly double: number;
      readonly late: number;
    }
  /** Power goes at the n-th write from now; it comes back after `off` seconds. */
  | { readonly kind: "cut-socket"; readonly writes: number; readonly how: CutKind; readonly off: number }
  | { readonly kind: "cut-cable"; readonly writes: number; readonly how: CutKind; readonly off: number }
  /** Power goes between two steps. */
  | { readonly kind: "kill-socket"; readonly off: number }
  | { readonly kind: "kill-cable"; readonly off: number }
  /** A device's flash takes nothing for `time` seconds, as one that is full or worn. */
  | { readonly kind: "full-socket"; readonly time: number }
  | { readonly kind: "full-cable"; readonly time: number }
  /** The cable's owner has stuck coins taken back, from the cable's next start on. */
  | { readonly kind: "release" }
  /** A rogue's next trick; `choice` picks among what it could do now. */
  | { readonly kind: "rogue"; readonly trick: string; readonly choice: number }
  /** How a rogue socket speaks from now on. */
  | { readonly kind: "speak"; readonly manner: Manner }
  | { readonly kind: "call"; readonly manner: CableManner };

export interface Step {
  /** Seconds before the next step. */
  readonly wait: number;
  readonly move: Move;
}

export interface Plan {
  readonly cast: "honest" | "rogue-cable" | "rogue-socket";
  readonly terms: Terms;
  /** A rogue socket's first trick, before the cable is plugged in. */
  readonly opening?: string;
  /** How a rogue socket speaks from the start. */
  readonly manner?: Manner;
  readonly steps: readonly Step[];
}

const cutKind = fc.constantFrom<CutKind>("lost", "torn", "kept");
const rare = fc.integer({ min: 0, max: 400 });

const load = fc.record({
  kind: fc.constant("load" as const),
  power: fc.oneof(fc.constant(1_300_000), fc.integer({ min: 0, max: 3_600_000 }), fc.constant(0), fc.constant(10_000)),
});
const plugging = fc.constantFrom<Move>({ kind: "unplug" }, { kind: "plug" });
const mine = fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 3 }) });
const market = fc.record({
  kind: fc.constant("market" as const),
  rate: fc.constantFrom(0, 100, 500, 1_000, 3_000, 8_000, 20_000),
});
const chain = fc.record({
  kind: fc.constant("chain" as const),
  fault: fc.constantFrom<ViewFault>(
    "none",
    "none",
    "away",
    "stale",
    "mempool-hidden",
    "swallows",
    "forgetful",
    "rates-high",
    "rates-low",
    "rate-limits",
  ),
  delay: fc.constantFrom(20, 50, 500, 4_000, 20_000),
});
const line = fc.record({ kind: fc.constant("line" as const), drop: rare, lose: rare, double: rare, late: rare });
const off = fc.integer({ min: 1, max: 90 });
const cuts = fc.oneof(
  fc.record({
    kind: fc.constantFrom("cut-socket" as const, "cut-cable" as const),
    writes: fc.integer({ min: 1, max: 6 }),
    how: cutKind,
    off,
  }),
  fc.record({ kind: fc.constantFrom("kill-socket" as const, "kill-cable" as const), off }),
);
const full = fc.record({
  kind: fc.constantFrom("full-socket" as const, "full-cable" as const),
  time: fc.integer({ min: 1, max: 200 }),
});
const release = fc.constant<Move>({ kind: "release" });
const reorg = fc.constant<Move>({ kind: "reorg" });
const censor = fc.record({ kind: fc.constant("censor" as const), on: fc.boolean() });

export const ROGUE_CABLE_TRICKS = [
  "request",
  "pay",
  "pay",
  "pay",
  "pay-fast",
  "keep-paying",
  "keep-paying",
  "keep-paying",
  "draw",
  "status",
  "pay-wrong",
  "replay",
  "double-spend",
  "double-spend-miner",
  "spend-then-pay",
  "old-commitment",
  "pin",
  "switch-purse",
  "switch-purse",
  "move-host",
  "flood",
  "rival-reorg",
] as const;

export const ROGUE_SOCKET_TRICKS = [
  "honest",
  "honest",
  "honest",
  "starve",
  "power",
  "cycle",
  "lie-amount",
  "lie-used",
  "lie-due",
  "lie-change",
  "lie-fee",
  "lie-value",
  "lie-price",
  "lie-payee",
  "new-script",
  "new-session",
  "broadcast-now",
  "broadcast-old",
  "forget",
  "refuse",
  "halves",
  "more-arrears",
  "no-credit",
] as const;

function rogue(tricks: readonly string[]): fc.Arbitrary<Move> {
  return fc.record({
    kind: fc.constant("rogue" as const),
    trick: fc.constantFrom(...tricks),
    choice: fc.integer({ min: 0, max: 1_000_000 }),
  });
}

/** One in eight pays by channel; with `channel` each. */
const termsOf = (channel: fc.Arbitrary<number> = fc.integer({ min: 0, max: 7 })): fc.Arbitrary<Terms> =>
  fc
    .record({
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      increment: fc.constantFrom(294, 1_000, 10_000),
      /** Watt-hours that an increment buys, in thousandths. */
      buys: fc.constantFrom(500, 2_000, 10_000, 40_000),
      increments: fc.integer({ min: 1, max: 8 }),
      checkpoint: fc.integer({ min: 1, max: 8 }),
      exposure: fc.integer({ min: 1, max: 10 }),
      basic: fc.integer({ min: 0, max: 3 }),
      confirmations: fc.integer({ min: 1, max: 3 }),
      coins: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
      socketError: fc.integer({ min: -10, max: 10 }),
      cableError: fc.integer({ min: -10, max: 10 }),
      /** One in so many runs signs on the real curve. */
      real: fc.integer({ min: 0, max: 24 }),
      channel,
      byChannel: channelDraw,
      ofCable: channelCableDraw,
    })
    .map((drawn) => {
      const byChannel = drawn.channel === 0;
      const draw = byChannel ? { ...drawn, ...CHANNEL_DRAW } : drawn;
      const { increment } = draw;
      const sessionMax = increment * draw.increments;
      const price = Math.max(1, Math.round((increment * 1_000_000) / draw.buys));
      const checkpoint = increment * draw.checkpoint;
      return {
        seed: draw.seed,
        realSigner: draw.real === 0,
        coins: [...draw.coins.map((coin) => coin * increment + 3_000), ...(byChannel ? [12_000, 12_000] : [])],
        socketError: draw.socketError,
        cableError: draw.cableError,
        electronics: 1_000,
        socket: {
          increment,
          price,
          sessionMax,
          checkpoint,
          exposureLimit: Math.max(checkpoint, increment * draw.exposure),
          confirmations: draw.confirmations,
          schemes: [
            ...(byChannel ? (["channel"] as const) : []),
            ...(draw.basic === 0
              ? (["basic"] as const)
              : draw.basic === 1
                ? (["basic", "single-fee"] as const)
                : (["single-fee", "basic"] as const)),
          ],
          ...(byChannel ? drawn.byChannel : {}),
        },
        cable: {
          maxPrice: 3 * price,
          maxIncrement: increment,
          maxSession: sessionMax,
          maxFeeShare: 1000,
          schemes: [
            ...(byChannel ? (["channel"] as const) : []),
            ...(draw.basic === 1 ? (["basic", "single-fee"] as const) : (["single-fee", "basic"] as const)),
          ],
          ...(byChannel ? drawn.ofCable : {}),
        },
      } satisfies Terms;
    });

/** Mostly calm, now and then a fault: `calm` weighs what happens in any house, `wild` the rest. */
function steps(most: number, longest: number, ...extra: fc.WeightedArbitrary<Move>[]): fc.Arbitrary<Step[]> {
  const move = fc.oneof(
    { weight: 6, arbitrary: load },
    { weight: 4, arbitrary: mine },
    { weight: 2, arbitrary: plugging },
    { weight: 2, arbitrary: market },
    { weight: 3, arbitrary: chain },
    { weight: 2, arbitrary: line },
    { weight: 4, arbitrary: cuts },
    { weight: 1, arbitrary: full },
    { weight: 1, arbitrary: release },
    { weight: 1, arbitrary: reorg },
    { weight: 1, arbitrary: censor },
    ...extra,
  );
  const wait = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 5, max: longest }));
  return fc.array(fc.record({ wait, move }), { minLength: 1, maxLength: most, size: "max" });
}

const speak = fc.record({ kind: fc.constant("speak" as const), manner });

const call = fc.record({ kind: fc.constant("call" as const), manner: cableManner });

const ROGUES = {
  honest: { longest: 120, extra: [] },
  "rogue-cable": {
    longest: 40,
    extra: [
      { weight: 25, arbitrary: rogue(ROGUE_CABLE_TRICKS) },
      { weight: 3, arbitrary: call },
    ],
  },
  "rogue-socket": {
    longest: 120,
    extra: [
      { weight: 15, arbitrary: rogue(ROGUE_SOCKET_TRICKS) },
      { weight: 25, arbitrary: speak },
    ],
  },
} as const;

const days = fc.record({
  kind: fc.constant("days" as const),
  days: fc.integer({ min: 1, max: 8 }),
  blocks: fc.integer({ min: 100, max: 190 }),
});

/**
 * What a plan by channel adds to a house: more blocks, whole weeks, and the tricks of rogues that
 * speak of channels.
 */
const BY_CHANNEL = {
  honest: [],
  "rogue-cable": [{ weight: 30, arbitrary: rogue(ROGUE_PAYER_TRICKS) }],
  "rogue-socket": [{ weight: 30, arbitrary: rogue(ROGUE_SELLER_TRICKS) }],
} as const;

/** What goes on beside an attack that is held. */
const HELD = [
  { weight: 6, arbitrary: rogue(["cycle", "cycle", "new-script", "power"]) },
  { weight: 1, arbitrary: days },
] as const;

/**
 * One in three of a rogue socket's plans is one attack that is held: the house goes on around it,
 * its manner stays. One in four or five of all plans is by channel, with the tricks of that.
 */
export function planOf(cast: Plan["cast"], most = 24): fc.Arbitrary<Plan> {
  const byChannel = { weight: 1, arbitrary: channelPlanOf(cast, most) };
  if (cast !== "rogue-socket") return fc.oneof({ weight: 4, arbitrary: anyPlanOf(cast, most) }, byChannel);
  return fc.oneof(
    { weight: 2, arbitrary: anyPlanOf(cast, most) },
    { weight: 1, arbitrary: heldAttack(most) },
    byChannel,
  );
}

/**
 * Only such plans: for guards of channels. Half of a rogue socket's are one attack that is held.
 */
export function channelPlanOf(cast: Plan["cast"], most = 24): fc.Arbitrary<Plan> {
  if (cast !== "rogue-socket") return anyChannelPlanOf(cast, most);
  return fc.oneof(anyChannelPlanOf(cast, most), heldByChannel(most));
}

const MORE_BLOCKS = { weight: 3, arbitrary: mine };

function anyChannelPlanOf(cast: Plan["cast"], most: number): fc.Arbitrary<Plan> {
  const { longest } = ROGUES[cast];
  return fc
    .record({
      terms: termsOf(fc.constant(0)),
      steps: steps(most, longest, MORE_BLOCKS, { weight: 2, arbitrary: days }, ...BY_CHANNEL[cast]),
      opening: fc.constantFrom(...OPENING_LIES),
    })
    .map(({ opening, ...draw }) => ({ cast, ...(cast === "rogue-socket" ? { opening } : {}), ...draw }));
}

function heldByChannel(most: number): fc.Arbitrary<Plan> {
  const lies = fc.array(rogue(HELD_LIES), { minLength: 1, maxLength: 3 });
  const begins = fc.integer({ min: 0, max: 90 });
  return fc
    .record({
      terms: termsOf(fc.constant(0)),
      lies,
      begins,
      steps: steps(most, ROGUES["rogue-socket"].longest, { weight: 8, arbitrary: mine }, ...HELD),
    })
    .map(({ terms, lies, begins, steps }) => ({
      ...{ cast: "rogue-socket", opening: "honest", terms },
      steps: [{ wait: begins, move: { kind: "plug" } }, ...lies.map((move) => ({ wait: 0, move })), ...steps],
    }));
}

function heldAttack(most: number): fc.Arbitrary<Plan> {
  return fc
    .record({
      terms: termsOf(),
      manner: attack,
      steps: steps(most, ROGUES["rogue-socket"].longest, { weight: 12, arbitrary: mine }),
    })
    .map((draw) => ({ cast: "rogue-socket", opening: "honest", ...draw }));
}

function anyPlanOf(cast: Plan["cast"], most: number): fc.Arbitrary<Plan> {
  const { longest, extra } = ROGUES[cast];
  return fc
    .record({
      terms: termsOf(),
      opening: fc.constantFrom("honest", "honest", ...ROGUE_SOCKET_TRICKS),
      manner: cast === "rogue-socket" ? fc.option(manner, { nil: undefined }) : fc.constant(undefined),
      steps: steps(most, longest, ...extra),
    })
    .map(({ terms, opening, manner, steps }) => {
      const plan = { cast, terms, steps };
      return cast === "rogue-socket" ? { ...plan, opening, ...(manner ? { manner } : {}) } : plan;
    });
}

export const CASTS: readonly Plan["cast"][] = ["honest", "honest", "rogue-cable", "rogue-cable", "rogue-socket"];
