// npm run firmware:measure: what an image takes of a 32-bit chip. The linked images
// (tools/firmware/link.ts) are compiled with the SDK's XS for rv32imac as for a device, with a
// chip's fixed heap, and run in an emulator where one instruction is one tick: self-test, then a
// whole payment between the two, with the largest transactions there are. Prints flash, RAM and
// what a start costs.
//
// How full the heap was says nothing, since garbage is only collected when it is full; the least
// heap says what is needed.
//
// In the figures for flash: XS, our modules, the wallet with its tables, the C library. Not:
// ESP-IDF, the SDK's modules for a chip. Beside them the image holds the self-test and the
// desktop's stand-ins, which a device has not.

import { statSync } from "node:fs";
import type { Check } from "../../firmware/selftest/fixture";
import { runScenario } from "../../lab/sim/run";
import { type Command, type Given, run } from "../command";
import { floods } from "./floods";
import { holdBuilds } from "./image";
import { link } from "./link";
import { type LinkedEngine, type Peak, selfTest } from "./linked";
import {
  BYTES_PER_SLOT,
  chipMemory,
  EMULATOR,
  emulated,
  emulation,
  flashOf,
  kilo,
  LONGEST,
  type Memory,
  Rig,
} from "./rig";
import { findSdk } from "./sdk";
import { DEVICES, type DeviceName, UsageError } from "./targets";

/** The search for the least heap ends when it is this close. */
const CLOSE = { slots: 128, chunks: 2048 };

type Name = "slots" | "chunks" | "stack" | "least" | "flood" | "only" | "scheme" | "channels" | "held";

const COMMAND: Command<Name> = {
  name: "npm run firmware:measure",
  about: "what an image takes of a 32-bit chip: flash, heap, instructions of a start",
  options: {
    slots: { takes: "N", about: "another heap than manifests/engine.json's: slots of 16 bytes" },
    chunks: { takes: "BYTES", about: "its chunks" },
    stack: { takes: "SLOTS", about: "its stack" },
    least: { about: "the least slots, and the least bytes of chunks, with which the payment passes" },
    flood: { about: "the socket's heap while hostile peers send the most that its limits allow" },
    only: { takes: "NAME", about: "with --flood: one manner of it" },
    scheme: { takes: "SCHEME", about: "with --flood: single-fee (default) or basic" },
    channels: { takes: "N", about: "with --flood: the socket has N open channels in its store; default 0" },
    held: { about: "with --flood: prints what the slots were" },
  },
  more: "It wants the Moddable SDK ($MODDABLE), Debian's RISC-V compiler and QEMU for the bare core.",
};

function tested(device: DeviceName, checks: readonly Check[]): void {
  const failed = checks.filter(({ holds }) => !holds).map(({ name }) => name);
  if (failed.length > 0) throw new UsageError(`${device} on the 32-bit core failed: ${failed.join(", ")}`);
}

/** A program for each image. */
type Programs = Readonly<Record<DeviceName, string>>;

/** One payment between the images. */
interface Payment {
  readonly increments: number;
  /** Devices that ran out of memory, or crashed otherwise. */
  readonly stopped: readonly DeviceName[];
  readonly peaks: readonly { readonly device: DeviceName; readonly peak: Peak }[];
}

async function pay(program: Programs): Promise<Payment> {
  const engines: { device: DeviceName; engine: LinkedEngine }[] = [];
  const result = await runScenario({
    scenario: LONGEST["single-fee"],
    scheme: "single-fee",
    engine: "node",
    engineOf: (device) => {
      const engine = emulated(program[device]);
      engines.push({ device, engine });
      return engine;
    },
    seed: 1,
  }).catch((error: unknown) => {
    // A device that stops again and again ends the run.
    if (!engines.some(({ engine }) => engine.crashed)) throw error;
    return undefined;
  });
  const stopped = DEVICES.filter((device) => engines.some((one) => one.device === device && one.engine.crashed));
  if (result?.summary.settlements.length === 0 && stopped.length === 0)
    throw new UsageError("nothing was paid between the images");
  const peaks = engines.map(({ device, engine }) => ({ device, peak: engine.peak }));
  return { increments: result?.summary.increments ?? 0, stopped, peaks };
}

async function main(given: Given<Name>): Promise<void> {
  const sdk = findSdk();
  await holdBuilds();
  const memory = chipMemory({ slots: given.text("slots"), chunks: given.text("chunks"), stack: given.text("stack") });
  if (given.has("flood"))
    return floods(sdk, memory, {
      only: given.text("only"),
      scheme: given.text("scheme") ?? "single-fee",
      channels: Number(given.text("channels") ?? 0),
      held: given.has("held"),
    });
  for (const device of DEVICES) await link(sdk, device);
  const rig = new Rig(sdk);
  const program = { cable: rig.image("cable", memory), socket: rig.image("socket", memory) };

  const paid = selfTest(EMULATOR, "", emulation(program.cable));
  tested("cable", paid);
  tested("socket", selfTest(EMULATOR, paid.at(-1)?.gave ?? "", emulation(program.socket)));

  const { increments, stopped, peaks } = await pay(program);
  if (stopped.length > 0) throw new UsageError(`the payment does not pass: ${stopped.join(", ")} stopped on the way`);
  console.log(`A payment of ${increments} increments and its settlement, XS ${sdk.version} on rv32imac`);
  for (const device of DEVICES) {
    const [first, ...again] = peaks.filter((one) => one.device === device);
    if (first) print(device, program[device], first.peak, memory);
    if (again.length > 0) console.log(`  started again        ${again.length} times, its power having gone`);
  }
  if (!given.has("least")) return;
  for (const device of DEVICES) {
    const compiled = (tried: Memory) => ({ ...program, [device]: rig.image(device, tried) });
    const slots = await least(device, "slots", memory, compiled);
    const chunks = await least(device, "chunks", memory, compiled);
    const sum = slots * BYTES_PER_SLOT + chunks;
    console.log(
      `${device}'s least heap: ${kilo(slots * BYTES_PER_SLOT)} slots, ${kilo(chunks)} chunks, ${kilo(sum)} together`,
    );
  }
}

/**
 * The least of one part of the heap with which `device` does not stop, the other part as in
 * `memory`; by halving.
 */
async function least(
  device: DeviceName,
  part: "slots" | "chunks",
  memory: Memory,
  compiled: (memory: Memory) => Programs,
): Promise<number> {
  let enough = memory[part];
  let tooLittle = Math.floor(enough / 4);
  while (enough - tooLittle > CLOSE[part]) {
    const middle = Math.ceil((enough + tooLittle) / 32) * 16;
    const { stopped } = await pay(compiled({ ...memory, [part]: middle }));
    if (stopped.includes(device)) tooLittle = middle;
    else enough = middle;
  }
  return enough;
}

function print(device: DeviceName, program: string, peak: Peak, memory: Memory): void {
  const slots = memory.slots * BYTES_PER_SLOT;
  console.log(`${device}
  flash                ${(flashOf(program) / 1e6).toFixed(3)} MB (with the self-test and the stand-ins; file ${statSync(program).size} bytes)
  ready after          ${(peak.ready / 1e6).toFixed(3)} M instructions: XS started, main imported
  JavaScript's heap    ${kilo(slots)} slots + ${kilo(memory.chunks)} chunks = ${kilo(slots + memory.chunks)}
  JavaScript's stack   ${kilo(memory.stack * BYTES_PER_SLOT)}`);
}

await run(COMMAND, main);
