// What npm start was asked for.

import { randomBytes } from "node:crypto";
import { SCHEMES } from "../../shared/protocol/words";
import { CHANNEL_SCENARIOS } from "../channel-scenarios";
import { MODEL_SCENARIOS } from "../model/scenarios";
import { ROOM } from "../room";
import { ENGINES, oneOf, readOptions, speedOf, UsageError, wholeNumber } from "./options";
import { brokerOption } from "./owner-options";
import { paceOf } from "./pace";
import { loadScenario } from "./scenario";
import type { RunOptions } from "./simulation";

const OPTIONS = {
  scenario: "value",
  scheme: "value",
  engine: "value",
  speed: "value",
  seed: "value",
  json: "flag",
  steps: "flag",
  page: "flag",
  mqtt: "value",
} as const;
/** For a person who watches; into a pipe it goes as fast as it can. */
const LIVE_SPEED = 20;
/** Twelve characters. */
const PASSWORD_BYTES = 9;

export interface StartOptions {
  readonly json: boolean;
  /** What the time from plug to power went to is printed. */
  readonly steps: boolean;
  readonly seed: number;
  /** Where the owner's pages are open, the password; else undefined. */
  readonly password?: string | undefined;
  /**
   * The simulated world's run, or the name of a scenario that plays on the model chain, or of one
   * of payment channels.
   */
  readonly what: { readonly run: RunOptions } | { readonly model: string } | { readonly channel: string };
}

/** Throws a UsageError, or an Error about the scenario. `isTerminal`: somebody watches. */
export function startOptions(words: readonly string[], isTerminal: boolean): StartOptions {
  const given = readOptions(words, OPTIONS);
  const json = given.has("json");
  const steps = given.has("steps");
  const seed = wholeNumber("seed", given.get("seed"), 1, 0, 2 ** 31 - 1);
  const scenario = given.get("scenario") ?? "toaster";
  if (CHANNEL_SCENARIOS.includes(scenario))
    return { json, steps, seed, what: { channel: channelScenario(scenario, given) } };
  if (MODEL_SCENARIOS.includes(scenario) || scenario === ROOM)
    return { json, steps, seed, what: { model: modelScenario(scenario, given) } };
  const password = given.has("page") ? randomBytes(PASSWORD_BYTES).toString("base64url") : undefined;
  const broker = brokerOption(given);
  const isWatched = password !== undefined || broker !== undefined || (isTerminal && !json);
  const speed = speedOf(given.get("speed"), isWatched ? LIVE_SPEED : Number.POSITIVE_INFINITY);
  if (password !== undefined && !Number.isFinite(speed))
    throw new UsageError("--speed max: expected a number with --page, as a person looks.");
  if (broker !== undefined && !Number.isFinite(speed))
    throw new UsageError("--speed max: expected a number with --mqtt, as the broker goes by the clock.");
  let wake = (): void => {};
  const run: RunOptions = {
    scenario: loadScenario(scenario),
    scheme: oneOf("scheme", given.get("scheme"), SCHEMES),
    engine: oneOf("engine", given.get("engine"), ENGINES),
    seed,
    ...(Number.isFinite(speed) && {
      pace: paceOf(speed, (one) => {
        wake = one;
      }),
    }),
    ...(password !== undefined && {
      owners: { socket: { port: 0, password }, cable: { port: 0, password } },
      goesOn: true,
    }),
    ...((password !== undefined || broker !== undefined) && { broker, onOutside: () => wake() }),
  };
  return { json, steps, seed, password, what: { run } };
}

/**
 * These run the controllers on a virtual clock, without engines, boards or schemes to choose from.
 */
function modelScenario(name: string, given: ReadonlyMap<string, string>): string {
  const idle = ["scheme", "engine", "speed", "steps", "page", "mqtt"].find((option) => given.has(option));
  if (idle) throw new UsageError(`Scenario ${name} plays on the model chain and takes no --${idle}.`);
  return name;
}

/** These play visits of their own on both boards; their one scheme may be named. */
function channelScenario(name: string, given: ReadonlyMap<string, string>): string {
  const idle = ["engine", "speed", "steps", "page", "mqtt"].find((option) => given.has(option));
  if (idle) throw new UsageError(`Scenario ${name} plays visits of its own and takes no --${idle}.`);
  const scheme = given.get("scheme") ?? "channel";
  if (scheme !== "channel") throw new UsageError(`Scenario ${name} pays by channel and takes no --scheme ${scheme}.`);
  return name;
}
