// npm start: runs a scenario, shows it live, and sums it up.

import { findWorker } from "./sim/engine-xs";
import { ENGINES, oneOf, readOptions, runCommand, SCHEMES, speedOf, wholeNumber } from "./sim/options";
import { paceOf } from "./sim/pace";
import { summaryText } from "./sim/report-text";
import { runScenario, type Watcher } from "./sim/run";
import { loadScenario } from "./sim/scenario";
import type { RunOptions } from "./sim/simulation";
import { View } from "./sim/view";

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

await runCommand(async () => {
  const given = readOptions(process.argv.slice(2), OPTIONS);
  const json = given.has("json");
  const watched = !json && process.stdout.isTTY === true;
  const speed = speedOf(given.get("speed"), watched ? LIVE_SPEED : Number.POSITIVE_INFINITY);
  const run: RunOptions = {
    scenario: loadScenario(given.get("scenario") ?? "toaster"),
    scheme: oneOf("scheme", given.get("scheme"), SCHEMES),
    engine: oneOf("engine", given.get("engine"), ENGINES),
    seed: wholeNumber("seed", given.get("seed"), 1, 0, 2 ** 31 - 1),
    ...(Number.isFinite(speed) ? { pace: paceOf(speed) } : {}),
  };
  if (run.engine === "xs") findWorker();
  if (!json) console.log(`${run.scenario.about} (${run.scheme}, ${run.engine === "xs" ? "XS" : "Node's"} engine)\n`);
  const { summary } = await runScenario(run, json ? jsonLines() : live());
  console.log(json ? JSON.stringify(summary) : summaryText(summary));
  if (summary.crashes > 0) process.exitCode = 1;
});

function jsonLines(): Watcher {
  return {
    begin: (simulation) => void process.once("SIGINT", () => simulation.end()),
    happened: ({ at, from, event }) => console.log(JSON.stringify({ atMs: Math.round(at), from, ...event })),
    tick: () => {},
    end: () => {},
  };
}

function live(): Watcher {
  let view: View | undefined;
  return {
    begin(simulation, account) {
      view = new View(simulation, account, process.stdout);
      process.once("SIGINT", () => simulation.end());
    },
    happened: (happening) => view?.happened(happening),
    tick: () => view?.refresh(),
    end: () => view?.leave(),
  };
}
