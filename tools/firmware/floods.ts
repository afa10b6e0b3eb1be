// npm run firmware:measure -- --flood [--only NAME]: the socket's heap under hostile peers. A full heap stops XS, so a
// neighbour who can fill it could restart the socket at will. Plays the longest payment between the linked socket image
// in the chip's heap, on the rig, and a cable on Node, once in peace and once under each manner of a crowd
// (tools/sim/hostile/crowd.ts). Fails when the socket stopped, or a cable was not given what it had paid for.
//
// The figures are what the heap held at most, garbage left out, sampled every 200 allocations (firmware/selftest/host.c);
// where the chip's heap was too small, what a larger one held.

import { energyFor } from "../../shared/units";
import { NodeEngine } from "../sim/engine-node";
import { MANNERS, type Manner } from "../sim/hostile/crowd";
import { runScenario, type Watcher } from "../sim/run";
import type { Simulation } from "../sim/simulation";
import { link } from "./link";
import type { LinkedEngine } from "./linked";
import { BYTES_PER_SLOT, emulated, kilo, LONGEST, type Memory, Rig } from "./rig";
import type { Sdk } from "./sdk";
import { UsageError } from "./targets";

/** Where the chip's heap is too small, a larger one says how much is needed. */
const LARGE_FACTOR = 5;

interface Siege {
  readonly lived: boolean;
  /** Held at most, in bytes. */
  readonly slots: number;
  readonly chunks: number;
  readonly increments: number;
  /** Paid for, and not delivered. */
  readonly creditWh: number;
}

/** One payment under the crowd; it ends when the socket stops. */
async function siege(program: string, crowd: Manner | undefined): Promise<Siege> {
  const sockets: LinkedEngine[] = [];
  const { summary } = await runScenario(
    {
      scenario: LONGEST,
      scheme: "single-fee",
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
    new UntilCrash(),
  );
  const most = (count: (engine: LinkedEngine) => number) => Math.max(...sockets.map(count));
  return {
    lived: summary.crashes === 0,
    slots: most(({ peak }) => peak.slots * peak.bytesPerSlot),
    chunks: most(({ peak }) => peak.chunks),
    increments: summary.increments,
    creditWh: summary.creditWh,
  };
}

class UntilCrash implements Watcher {
  #simulation: Simulation | undefined;
  begin(simulation: Simulation): void {
    this.#simulation = simulation;
  }
  happened({ event }: { event: { name: string } }): void {
    if (event.name === "crash") this.#simulation?.end();
  }
  tick(): void {}
  end(): void {}
}

/** Energy that an increment of the payment buys. */
function incrementWh(): number {
  return energyFor(Number(LONGEST.socket.increment), 250_000) / 1000;
}

/** `only`: the one manner that is played. */
export async function floods(sdk: Sdk, memory: Memory, only?: string): Promise<void> {
  const manners = [undefined, ...MANNERS].filter((one) => only === undefined || one?.name === only);
  if (manners.length === 0)
    throw new UsageError(`no manner "${only}"; there are ${MANNERS.map(({ name }) => name).join(", ")}`);
  await link(sdk, "socket");
  const rig = new Rig(sdk, true);
  const slots = memory.slots * BYTES_PER_SLOT;
  console.log(`The socket's heap: ${kilo(slots)} slots + ${kilo(memory.chunks)} chunks; held at most`);
  const failed: string[] = [];
  for (const manner of manners) {
    const name = manner?.name ?? "in peace";
    const found = await siege(rig.image("socket", memory), manner);
    const large = { ...memory, slots: memory.slots * LARGE_FACTOR, chunks: memory.chunks * LARGE_FACTOR };
    const held = found.lived ? found : await siege(rig.image("socket", large), manner);
    const robbed = found.lived && (found.increments === 0 || found.creditWh > incrementWh());
    if (!found.lived || robbed) failed.push(name);
    const verdict = !found.lived ? "STOPPED" : robbed ? "ROBBED" : "lived";
    const paid = found.lived ? `${found.increments} increments, ${found.creditWh} Wh left` : "";
    console.log(
      `  ${name.padEnd(28)}${verdict.padEnd(9)}${kilo(held.slots).padStart(8)} + ${kilo(held.chunks).padStart(8)}${held.lived ? "" : " and more"}  ${paid}`,
    );
  }
  if (failed.length > 0) throw new UsageError(`the socket does not stand: ${failed.join(", ")}`);
}
