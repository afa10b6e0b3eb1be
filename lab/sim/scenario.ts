// A scenario: who has what, and what happens when. A small JSON file; those built in lie in
// scenarios/.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cableProblems } from "../../shared/cable/settings";
import type { Satoshi } from "../../shared/kernel/units";
import { socketProblems } from "../../shared/socket/settings";
import type { Fault as BackendFault } from "../node/esplora-server";
import { overPaper } from "../paper";
import type { Fault as GateFault, MainsSpec } from "../world/world";
import type { ApplianceName } from "./appliance";
import type { DeviceName } from "./bundle";
import { scenarioProblems } from "./scenario-check";

/**
 * One thing that happens: at a time, or a while after an event ("socket lockout", "appliance done",
 * "plug in").
 */
export interface Step {
  readonly atS?: number;
  readonly on?: string;
  readonly plusS?: number;
  readonly plug?: "in" | "out";
  readonly appliance?: ApplianceName;
  readonly mine?: number;
  /** Sends so much to the cable's address; it waits for the next block. */
  readonly fund?: Satoshi;
  readonly mains?: MainsSpec;
  /** The device itself loses power for so long. */
  readonly cut?: { readonly device: DeviceName; readonly forS: number };
  /** JavaScript stands still for so long. */
  readonly stall?: { readonly device: DeviceName; readonly forS: number };
  readonly fault?: { readonly gate: DeviceName } & GateFault;
  /** An owner's settings from the device's next start on. */
  readonly owner?: { readonly device: DeviceName; readonly settings: Readonly<Record<string, unknown>> };
  /** What is wrong with the chain's server from now on. */
  readonly backend?: BackendFault;
}

export interface Scenario {
  readonly name: string;
  /** One sentence for the person who watches. */
  readonly about: string;
  /**
   * The owner's settings, over the defaults (shared/socket/settings.ts, shared/cable/settings.ts);
   * with `"paper": true` in the file, over the figures of the paper.
   */
  readonly socket: Readonly<Record<string, unknown>>;
  readonly cable: Readonly<Record<string, unknown>>;
  /** The cable's coins, confirmed before the start. */
  readonly coins: readonly Satoshi[];
  /** sat/vB by target in blocks. */
  readonly feeEstimates?: Readonly<Record<string, number>>;
  /** One way, between the devices, and from the socket to the chain's server. */
  readonly linkDelayMs: number;
  readonly chainDelayMs: number;
  /** Mean of the time between blocks; 0: only `mine` steps make blocks. */
  readonly blockIntervalS: number;
  readonly steps: readonly Step[];
  /** The run ends here at the latest; otherwise when all has happened and all is settled. */
  readonly endS: number;
  /** Who makes trouble (lab/sim/hostile/, cuts.ts). */
  readonly trouble?: Trouble;
  /** The visit of whose way to power the summary tells; the first where absent. */
  readonly visit?: number;
  /** This device is not ours: it is outside this process, or nowhere. */
  readonly absent?: DeviceName;
}

/**
 * A cable that steals, a socket that cheats, a neighbour who floods; the power of a device, cut at
 * every write.
 */
export type Trouble = "thief" | "greedy-socket" | "flood" | "bare-connections" | "power-cuts";

const FOLDER = join(import.meta.dirname, "scenarios");

const DEFAULTS = {
  socket: {},
  cable: {},
  coins: [250_000],
  linkDelayMs: 2,
  chainDelayMs: 60,
  blockIntervalS: 600,
  steps: [],
  endS: 7200,
};

export function builtInScenarios(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** Reads a built-in scenario by name, or a file. Throws an Error that a person can act on. */
export function loadScenario(nameOrFile: string): Scenario {
  const builtIn = builtInScenarios().includes(nameOrFile);
  const file = builtIn ? join(FOLDER, `${nameOrFile}.json`) : nameOrFile;
  if (!existsSync(file))
    throw new Error(
      `There is no scenario "${nameOrFile}". Built in: ${builtInScenarios().join(", ")}; or give a JSON file.`,
    );
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`Scenario ${file}: expected JSON: ${(error as Error).message}`);
  }
  return check(basename(file, ".json"), file, given);
}

function check(name: string, file: string, given: unknown): Scenario {
  refuse(file, scenarioProblems(given));
  const {
    $schema: _,
    paper = false,
    ...rest
  } = { name, about: name, ...DEFAULTS, ...(given as object) } as FileScenario;
  refuse(file, [...socketProblems(rest.socket, "socket"), ...cableProblems(rest.cable, "cable")]);
  return paper ? { ...rest, ...overPaper(rest) } : rest;
}

type FileScenario = Scenario & { readonly paper?: boolean; readonly $schema?: string };

function refuse(file: string, wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(wrong.map((each) => `Scenario ${file}: ${each}`).join("\n"));
}
