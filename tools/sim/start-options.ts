// What npm start was asked for.

import { ENGINES, oneOf, readOptions, SCHEMES, speedOf, wholeNumber } from "./options";
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
} as const;
/** For a person who watches; into a pipe it goes as fast as it can. */
const LIVE_SPEED = 20;

export interface StartOptions {
  readonly run: RunOptions;
  readonly json: boolean;
}

/** Throws a UsageError, or an Error about the scenario. `isTerminal`: somebody watches. */
export function startOptions(words: readonly string[], isTerminal: boolean): StartOptions {
  const given = readOptions(words, OPTIONS);
  const json = given.has("json");
  const speed = speedOf(given.get("speed"), isTerminal && !json ? LIVE_SPEED : Number.POSITIVE_INFINITY);
  const run: RunOptions = {
    scenario: loadScenario(given.get("scenario") ?? "toaster"),
    scheme: oneOf("scheme", given.get("scheme"), SCHEMES),
    engine: oneOf("engine", given.get("engine"), ENGINES),
    seed: wholeNumber("seed", given.get("seed"), 1, 0, 2 ** 31 - 1),
    ...(Number.isFinite(speed) ? { pace: paceOf(speed) } : {}),
  };
  return { run, json };
}
