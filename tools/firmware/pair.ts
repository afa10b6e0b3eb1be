// A play for two emulated boards: the cable is plugged in, pays, renews and is pulled out; the
// socket settles. On the way power, reset buttons and the link may fail at random moments. A
// Bitcoin node of the simulator's stands behind the socket.

import { setTimeout as pause } from "node:timers/promises";
import { Chance } from "../../lab/sim/chance";
import type { Chain } from "./chain";
import { Circuit } from "./circuit";
import type { BoardEvent } from "./console";
import { CRASHES, type CrashName, readSymbols } from "./crashes";
import type { EmulatedBoard } from "./emulated-board";
import { NativeHeap } from "./native-heap";
import { symbolsOf } from "./qemu";
import { loseLink, showFaces } from "./secure-play";
import { DEVICES, type DeviceName, UsageError } from "./targets";
import { isOver, known, named, sum, type Told, verdict } from "./verdict";

const FUND = 250_000;
const BLOCK_MS = 12_000;
/** How long power may stay away after a disturbance, and the money after the end. */
const PATIENCE_MS = 300_000;
/**
 * Between two disturbances power flows for so long at most: the moment falls anywhere in a
 * payment's course.
 */
const CALM_MS = 20_000;
const OUTAGE_MS = 10_000;
const LOOK_MS = 100;

export interface PairOptions {
  readonly watts: number;
  /** Increments after which the plug is pulled. */
  readonly increments: number;
  /** So long payments go on, whatever `increments` says; 0: until those are paid. */
  readonly hours: number;
  /** How often something goes wrong on purpose. */
  readonly disturbances: number;
  /** What goes wrong then. */
  readonly faults: readonly (typeof FAULTS)[number][];
  readonly seed: number;
  /** The socket's image: its chain is behind TLS; and who is paid. */
  readonly secure: boolean;
  readonly payoutAddress: string;
}

export const USUAL = ["cut", "reset", "unlink"] as const;
/** Ends of the program among them. */
export const FAULTS = [...USUAL, ...(Object.keys(CRASHES) as CrashName[])];

export class Pair {
  readonly story: Told[] = [];
  readonly troubles: string[] = [];
  readonly #circuit: Circuit;
  readonly #chance: Chance;
  readonly #heaps = { socket: new NativeHeap(), cable: new NativeHeap() };
  readonly #funded = new Set<unknown>();
  /** What the payout address has in blocks. */
  #settled = 0;
  #over = false;

  constructor(
    readonly options: PairOptions,
    readonly chain: Chain,
    readonly boards: Readonly<Record<DeviceName, EmulatedBoard>>,
    /** Shows what the scene does. */
    readonly tell: (event: BoardEvent) => void,
  ) {
    this.#chance = new Chance(options.seed, "disturbances");
    this.#circuit = new Circuit(
      boards,
      (supplied) => this.scene({ name: supplied ? "cable supplied" : "cable unsupplied" }),
      (error) => this.troubles.push(String(error)),
    );
  }

  /** Something that a board told. A cable that says its address gets coins. */
  heard(from: DeviceName, event: BoardEvent): void {
    this.story.push({ from, event });
    this.#heaps[from].told(event, performance.now());
    const { address } = event;
    if (from !== "cable" || typeof address !== "string" || this.#funded.has(address)) return;
    this.#funded.add(address);
    this.chain.ask({ fund: address, amount: FUND }).catch((error) => this.troubles.push(String(error)));
  }

  /** Plays; gives what is missing or wrong, a sentence each. */
  async play(): Promise<readonly string[]> {
    const { watts, disturbances } = this.options;
    await this.#circuit.load(watts);
    await this.#circuit.begin();
    this.mine().catch((error) => this.#over || this.troubles.push(String(error)));
    await this.plug("in");
    const { secure } = this.options;
    if (secure) await showFaces(this);
    await this.until("power", () => this.#circuit.powered);
    if (secure) await loseLink(this);
    for (let n = 0; n < disturbances; n++) await this.disturb();
    await this.sell();
    await this.plug("out");
    await this.until("a settlement in a block", () => this.isSettled());
    const delivered = this.#circuit.delivered();
    this.scene({ name: "sums", paid: sum(this.story, "cable", "paid", "value"), settled: this.#settled, delivered });
    return [
      ...this.troubles,
      ...verdict(this.story, { settled: this.#settled, deliveredMilliwattHours: delivered }),
      ...this.heapLeft(),
    ];
  }

  async close(): Promise<void> {
    this.#over = true;
    for (const device of DEVICES) await this.boards[device].cut();
    this.#circuit.close();
    this.chain.close();
  }

  // ---------------------------------------------------------------- the scene

  scene(event: BoardEvent): void {
    this.story.push({ from: "scene", event });
    this.tell(event);
  }

  private async plug(where: "in" | "out"): Promise<void> {
    this.scene({ name: `plug ${where}` });
    await this.#circuit.plug(where);
  }

  private async mine(): Promise<void> {
    while (!this.#over) {
      await pause(BLOCK_MS);
      if (this.#over) return;
      await this.chain.ask({ mine: 1 });
      this.#settled = await this.chain.ask({ settledTo: this.options.payoutAddress });
    }
  }

  private count(name: string): number {
    return named(this.story, "socket", name).length;
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      if (isSo()) return;
      if (this.chain.ended !== undefined) throw new UsageError(this.chain.ended);
      await pause(LOOK_MS);
    }
    throw new UsageError(`expected ${what} within ${PATIENCE_MS / 1000} s, came none; the boards' story is above`);
  }

  // ---------------------------------------------------------------- money

  private async sell(): Promise<void> {
    const { increments, hours } = this.options;
    const end = performance.now() + hours * 3_600_000;
    const isOver = (): boolean => (hours > 0 ? performance.now() >= end : known(this.story) >= increments);
    while (!isOver()) {
      const next = known(this.story) + 1;
      await this.until(`increment ${next}`, () => known(this.story) >= next || isOver());
    }
  }

  /** Tells of the boards' memory; where nothing was disturbed it must not go on falling. */
  private heapLeft(): readonly string[] {
    const now = performance.now();
    return DEVICES.flatMap((device) => {
      this.scene({ name: "native heap", device, ...this.#heaps[device].facts(now) });
      const complaint = this.options.hours > 0 && this.#heaps[device].complaint(now);
      return complaint ? [`${device}: ${complaint}`] : [];
    });
  }

  private isSettled(): boolean {
    const ended = sum(this.story, "socket", "session-ended", "paid");
    const accepted = sum(this.story, "socket", "credited", "value");
    return ended > 0 && this.#settled >= Math.max(ended, accepted) && this.count("mined") > 0 && isOver(this.story);
  }

  // ---------------------------------------------------------------- what goes wrong on purpose

  /** One of the faults, to either board, at a random moment; then power has to flow again. */
  private async disturb(): Promise<void> {
    await pause(this.#chance.fraction() * CALM_MS);
    const { faults } = this.options;
    const at = Math.floor(this.#chance.fraction() * faults.length * DEVICES.length);
    const what = faults[Math.floor(at / DEVICES.length)] as (typeof FAULTS)[number];
    const device = DEVICES[at % DEVICES.length] as DeviceName;
    this.scene({ name: what, device });
    const circuit = this.#circuit;
    if (what === "reset") await this.boards[device].reset();
    else if (isCrash(what)) await this.crash(device, what);
    else {
      await (what === "cut" ? circuit.cut(device) : this.boards[device].link(false));
      await pause(1000 + this.#chance.fraction() * OUTAGE_MS);
      this.scene({ name: `${what} over`, device });
      await (what === "cut" ? circuit.power(device) : this.boards[device].link(true));
    }
    await pause(1000);
    await this.until("power after a disturbance", () => circuit.powered);
  }

  /**
   * Ends a board's program: its relay has to be open before ESP-IDF goes on, and its next start has
   * to say why.
   */
  private async crash(device: DeviceName, what: CrashName): Promise<void> {
    const { about, told } = CRASHES[what];
    const boots = (): readonly BoardEvent[] => named(this.story, device, "boot");
    const before = boots().length;
    const ended = await this.boards[device].crash(what, readSymbols(symbolsOf(device)));
    this.scene({ name: "ended", device, how: about, relayBefore: ended.before, relayAfter: ended.after });
    if (ended.after) this.troubles.push(`${device}: its relay was still closed when ${about} came to an end`);
    await this.until("that the board starts again", () => boots().length > before);
    const reset = String(boots().at(-1)?.reset);
    if (!told.test(reset))
      this.troubles.push(`${device}: expected that it names ${told.source} as its end, came ${reset}`);
  }
}

function isCrash(fault: string): fault is CrashName {
  return Object.hasOwn(CRASHES, fault);
}
