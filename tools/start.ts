// npm start: runs a scenario, shows it live, and sums it up.

import { Account } from "./sim/account";
import { findWorker } from "./sim/engine-xs";
import { ENGINES, oneOf, readOptions, runCommand, SCHEMES, speedOf, wholeNumber } from "./sim/options";
import { paceOf } from "./sim/pace";
import { summaryText } from "./sim/report-text";
import { loadScenario } from "./sim/scenario";
import { type RunOptions, Simulation } from "./sim/simulation";
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
  const simulation = await Simulation.start(run);
  const account = new Account(simulation);
  const view = new View(simulation, account, process.stdout);
  simulation.onHappening = (happening) => {
    account.take(happening);
    if (json) console.log(JSON.stringify({ atMs: Math.round(happening.at), from: happening.from, ...happening.event }));
    else view.happened(happening);
  };
  simulation.onTick = () => view.refresh();
  process.once("SIGINT", () => simulation.end());
  try {
    await simulation.run(() => !account.sessionOpen);
  } finally {
    view.leave();
    await simulation.close();
  }
  const summary = account.summary();
  console.log(json ? JSON.stringify(summary) : summaryText(summary));
  if (account.crashes > 0) process.exitCode = 1;
});
