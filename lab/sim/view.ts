// The live view: what happens as lines that scroll, and below them, on a terminal, a panel that is
// redrawn. Into a pipe go the lines only.

import { formatDuration, formatEnergy, formatPower, formatPrice, formatSatoshi } from "../../shared/kernel/units";
import { type LightWord, lightOf, RHYTHMS } from "../../shared/owner/light";
import type { WorldReading } from "../world/world";
import type { Account } from "./account";
import type { DeviceName } from "./bundle";
import type { Happening, Simulation } from "./simulation";
import { sentenceOf } from "./story";

const LABEL = 16;
const COLUMN = 22;
const COLOURS: Readonly<Record<string, number>> = { socket: 33, cable: 36 };
const GREY = 90;

/**
 * Whether what is written there may be coloured: a terminal, and no NO_COLOR
 * (https://no-color.org).
 */
export function hasColours(output: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}

/** One line of a story: when, who, what; coloured by who it is. */
export function storyLine(
  { at, from, sentence }: { readonly at: number; readonly from: string; readonly sentence: string },
  colours: boolean,
): string {
  const line = `${(at / 1000).toFixed(1).padStart(7)} s  ${from.padEnd(6)}  ${sentence}`;
  return colours ? `\x1b[${COLOURS[from] ?? GREY}m${line}\x1b[0m` : line;
}

export class View {
  readonly #isTerminal: boolean;
  #panel = 0;

  constructor(
    readonly simulation: Simulation,
    readonly account: Account,
    readonly output: NodeJS.WriteStream,
  ) {
    this.#isTerminal = output.isTTY === true;
  }

  happened(happening: Happening): void {
    this.#write(this.line(happening));
  }

  /** What happened, coloured on a terminal. */
  line(happening: Happening): string {
    const from = happening.from === "scene" ? "" : happening.from;
    return storyLine({ at: happening.at, from, sentence: sentenceOf(happening) }, hasColours(this.output));
  }

  /** Redraws the panel. */
  refresh(): void {
    if (!this.#isTerminal) return;
    this.#erase();
    this.#draw();
  }

  /** Leaves the panel as it is: what follows goes below. */
  leave(): void {
    this.#panel = 0;
  }

  #write(line: string): void {
    this.#erase();
    this.output.write(`${line}\n`);
    if (this.#isTerminal) this.#draw();
  }

  #erase(): void {
    if (this.#panel > 0) this.output.write(`\x1b[${this.#panel}A\x1b[J`);
    this.#panel = 0;
  }

  #draw(): void {
    const rows = this.rows();
    this.output.write(`${rows.join("\n")}\n`);
    this.#panel = rows.length;
  }

  /** What the board's light shows; of a board without one, what it would show. */
  #light(name: DeviceName): string {
    const { simulation, account } = this;
    const state = account.state[name];
    if (state === "off") return "-";
    const rhythm = simulation.boards[name]?.rhythm;
    const shown = rhythm && wordOf(rhythm);
    const isOpen = name === "socket" && account.sessionOpen;
    return shown ?? lightOf({ state, trip: simulation.readings?.[name]?.trip, isOpen });
  }

  /** The panel. */
  rows(): string[] {
    const { simulation, account } = this;
    const { socket, cable } = simulation.readings ?? {};
    const left = Math.max(0, account.bought - account.delivered()) / 1000;
    const settlements = account.settlements();
    const mined = settlements.filter(({ height }) => height !== null).length;
    const row = (label: string, ...cells: string[]) =>
      ` ${label.padEnd(LABEL)}${cells.map((cell) => cell.padEnd(COLUMN)).join("")}`.trimEnd();
    return [
      "",
      row(formatDuration(simulation.timeline.now), "SOCKET", "CABLE"),
      row("price", simulation.absent === "socket" ? "-" : formatPrice(simulation.price)),
      row("state", account.state.socket, account.state.cable),
      row("light", this.#light("socket"), this.#light("cable")),
      row("power", power(socket), power(cable)),
      row("energy used", energyUsed(socket), energyUsed(cable)),
      row("energy left", formatEnergy(left)),
      row("paid", formatSatoshi(account.paid), `in ${account.increments} increments`),
      row("exposure", formatSatoshi(account.exposure())),
      row("transactions", `${settlements.length} broadcast`, `${mined} in blocks`),
    ];
  }
}

/** As a person would name the rhythm that is seen. */
function wordOf(rhythm: string): LightWord | undefined {
  return (Object.keys(RHYTHMS) as LightWord[]).find((word) => RHYTHMS[word] === rhythm);
}

/** By the device's own meter; a device without power shows nothing. */
function power(reading: WorldReading | undefined): string {
  return reading?.running ? formatPower(reading.power) : "-";
}

function energyUsed(reading: WorldReading | undefined): string {
  return reading?.running ? formatEnergy(reading.total / 1000) : "-";
}
