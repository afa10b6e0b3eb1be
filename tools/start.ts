// npm start: runs a scenario, shows it live, and sums it up.

import { runChannelScenario } from "../lab/channel-scenarios";
import { runModelScenario } from "../lab/model/scenarios";
import { ROOM, runRoom } from "../lab/room";
import { findWorker } from "../lab/sim/engine-xs";
import { startHelp } from "../lab/sim/help";
import { runCommand } from "../lab/sim/options";
import { summaryText } from "../lab/sim/report-text";
import { runScenario, type Watcher } from "../lab/sim/run";
import type { RunOptions } from "../lab/sim/simulation";
import { startOptions } from "../lab/sim/start-options";
import { View } from "../lab/sim/view";

await runCommand(startHelp, async () => {
  const { what, json, steps, seed } = startOptions(process.argv.slice(2), process.stdout.isTTY === true);
  if ("model" in what && what.model === ROOM) await runRoom({ seed, json });
  else if ("model" in what) await runModelScenario(what.model, { seed, json });
  else if ("channel" in what) await runChannelScenario(what.channel, { seed, json });
  else await runSimulated(what.run, json, steps);
});

async function runSimulated(run: RunOptions, json: boolean, steps: boolean): Promise<void> {
  if (run.engine === "xs") findWorker();
  if (!json) console.log(`${run.scenario.about} (${run.scheme}, ${run.engine === "xs" ? "XS" : "Node's"} engine)\n`);
  const { summary } = await runScenario(run, json ? jsonLines() : live());
  console.log(json ? JSON.stringify(summary) : summaryText(summary, steps));
  if (summary.crashes > 0) process.exitCode = 1;
}

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
