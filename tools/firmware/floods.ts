// npm run firmware:measure -- --flood [--scheme basic] [--channels N] [--only NAME,NAME...]
// [--held]: the socket's heap under hostile peers. A full heap stops XS, so a neighbour who can
// fill it could restart the socket at will. Plays the longest payment between the linked socket
// image in the chip's heap, on the rig, and a cable on Node, once in peace and once under each
// manner of a crowd (lab/sim/hostile/crowd.ts). Fails when the socket stopped, or a cable was not
// given what it had paid for.
//
// The figures are what the heap held at most, garbage left out, sampled every 200 allocations
// (firmware/selftest/host.c); where the chip's heap was too small, what a larger one held. With
// --held, also what it consisted of: slots (16 bytes each), objects, and the names of their
// properties.

import { NodeEngine } from "../../lab/sim/engine-node";
import { MANNERS } from "../../lab/sim/hostile/crowd";
import type { Manner } from "../../lab/sim/hostile/manner";
import { runScenario, type Watcher } from "../../lab/sim/run";
import type { Scenario } from "../../lab/sim/scenario";
import type { Happening, Simulation } from "../../lab/sim/simulation";
import { MAX_SOCKET_CHANNELS } from "../../shared/channel/record";
import { energyFor } from "../../shared/kernel/units";
import { CHANNEL, type Scheme } from "../../shared/protocol/words";
import { link } from "./link";
import type { Held, LinkedEngine } from "./linked";
import { openChannels } from "./open-channels";
import { BYTES_PER_SLOT, emulated, kilo, LONGEST, type Memory, Rig } from "./rig";
import type { Sdk } from "./sdk";
import { UsageError } from "./targets";

/** Where the chip's heap is too small, a larger one says how much is needed. */
const LARGE_FACTOR = 5;

interface Siege {
  /** Why the socket stopped; absent where it lived. */
  readonly died?: string;
  /** Held at most, in bytes. */
  readonly slots: number;
  readonly chunks: number;
  readonly increments: number;
  /** Paid for, and not delivered. */
  readonly creditWh: number;
  /** What the slots were, the largest first. */
  readonly held: readonly Held[];
  /** What the crowd heard. */
  readonly answers: string;
}

/** The payment that is played, and the channels that the socket has meanwhile. */
interface Trade {
  readonly scheme: Scheme;
  readonly channels: number;
}

function scenarioOf({ scheme, channels }: Trade): Scenario {
  const longest = LONGEST[scheme];
  return channels === 0 ? longest : { ...longest, socket: { ...longest.socket, schemes: [scheme, CHANNEL] } };
}

/** One payment under the crowd; it ends when the socket stops. */
async function siege(program: string, trade: Trade, crowd: Manner | undefined): Promise<Siege> {
  const sockets: LinkedEngine[] = [];
  const watcher = new UntilCrash();
  const { summary } = await runScenario(
    {
      scenario: scenarioOf(trade),
      scheme: trade.scheme,
      ...(trade.channels > 0 && { stored: ({ socket }) => openChannels(socket, trade.channels) }),
      engine: "node",
      engineOf: (device) => {
        if (device === "cable") return new NodeEngine();
        const engine = emulated(program);
        sockets.push(engine);
        return engine;
      },
      seed: 1,
      ...(crowd && { crowd }),
    },
    watcher,
  );
  const most = (count: (engine: LinkedEngine) => number) => Math.max(...sockets.map(count));
  return {
    ...(watcher.why !== undefined && { died: watcher.why }),
    slots: most(({ peak }) => peak.slots * peak.bytesPerSlot),
    chunks: most(({ peak }) => peak.chunks),
    increments: summary.increments,
    creditWh: summary.creditWh,
    held: sockets.reduce<readonly Held[]>((most, { held }) => (slotsOf(held) > slotsOf(most) ? held : most), []),
    answers: summary.trials?.[0]?.met ?? "",
  };
}

function slotsOf(held: readonly Held[]): number {
  return held.reduce((sum, { slots }) => sum + slots, 0);
}

/** Ends the run when the socket stops. */
class UntilCrash implements Watcher {
  why: string | undefined;
  #simulation: Simulation | undefined;
  begin(simulation: Simulation): void {
    this.#simulation = simulation;
  }
  happened({ event }: Happening): void {
    if (event.name !== "crash") return;
    this.why = String(event.why);
    this.#simulation?.end();
  }
  tick(): void {}
  end(): void {}
}

/** Energy that an increment of the payment buys. */
function incrementWh(scheme: Scheme): number {
  return energyFor(Number(LONGEST[scheme].socket.increment), 250_000) / 1000;
}

function schemeNamed(name: string): Scheme {
  if (name !== "single-fee" && name !== "basic")
    throw new UsageError(`no scheme "${name}"; there are single-fee and basic`);
  return name;
}

/** What no crowd at all is called. */
const PEACE = "in peace";

/**
 * The crowds that are played: all, or those that `only` names with commas between. Undefined: none.
 */
function chosen(only: string | undefined): readonly (Manner | undefined)[] {
  const all = [undefined, ...MANNERS];
  if (only === undefined) return all;
  const names = only.split(",");
  const known = all.map((one) => one?.name ?? PEACE);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`no manner "${unknown}"; there are "${known.join('", "')}"`);
  return all.filter((one) => names.includes(one?.name ?? PEACE));
}

export interface FloodOptions {
  readonly scheme: string;
  /** Open channels in the socket's store; 0 where it sells by none. */
  readonly channels?: number;
  readonly only?: string | undefined;
  /** Prints what the slots were. */
  readonly held?: boolean | undefined;
}

/** Kinds of objects that are printed. */
const KINDS = 40;

export async function floods(sdk: Sdk, memory: Memory, options: FloodOptions): Promise<void> {
  const scheme = schemeNamed(options.scheme);
  const { channels = 0 } = options;
  const trade = { scheme, channels };
  if (!(Number.isInteger(channels) && channels >= 0 && channels <= MAX_SOCKET_CHANNELS))
    throw new UsageError(`--channels: expected 0 to ${MAX_SOCKET_CHANNELS}, got ${channels}`);
  const manners = chosen(options.only);
  await link(sdk, "socket");
  const rig = new Rig(sdk, true);
  const larger = { ...memory, slots: memory.slots * LARGE_FACTOR, chunks: memory.chunks * LARGE_FACTOR };
  console.log(
    `The socket's heap, ${scheme}, ${channels} open channels: ${heap(memory.slots * BYTES_PER_SLOT, memory.chunks)}; held at most, garbage left out`,
  );
  const failed: string[] = [];
  for (const manner of manners) {
    const name = manner?.name ?? PEACE;
    const found = await siege(rig.image("socket", memory), trade, manner);
    const robbed = found.increments === 0 || found.creditWh > incrementWh(scheme);
    if (found.died !== undefined || robbed) failed.push(name);
    const held = found.died === undefined ? found : await siege(rig.image("socket", larger), trade, manner);
    console.log(`  ${name.padEnd(28)}${heap(held.slots, held.chunks).padEnd(32)}${verdict(found, robbed, held)}`);
    if (options.held)
      for (const { slots, objects, kind } of held.held.slice(0, KINDS))
        console.log(`${String(slots).padStart(10)}${String(objects).padStart(6)}  ${kind}`);
  }
  if (failed.length > 0) throw new UsageError(`the socket does not stand: ${failed.join(", ")}`);
}

function verdict({ died, increments, creditWh, answers }: Siege, robbed: boolean, larger: Siege): string {
  if (died !== undefined)
    return `STOPPED: ${died}${larger.died === undefined ? "" : `; with a larger heap: ${larger.died}`}`;
  const paid = `${increments} increments, ${creditWh.toFixed(1)} Wh left; the crowd got ${answers || "nothing"}`;
  return `${robbed ? "NOTHING DELIVERED" : "lived"}: ${paid}`;
}

function heap(slots: number, chunks: number): string {
  return `${kilo(slots)} slots + ${kilo(chunks)} chunks`;
}
