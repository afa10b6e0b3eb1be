// npm start: runs a scenario, shows it live, and sums it up.

import { runChannelScenario } from "../lab/channel-scenarios";
import { runModelScenario } from "../lab/model/scenarios";
import { ROOM, runRoom } from "../lab/room";
import { findWorker } from "../lab/sim/engine-xs";
import { startHelp } from "../lab/sim/help";
import { runCommand } from "../lab/sim/options";
import { summaryText } from "../lab/sim/report-text";
import { runScenario, type Watcher } from "../lab/sim/run";
import type { RunOptions, Simulation } from "../lab/sim/simulation";
import { startOptions } from "../lab/sim/start-options";
import { View } from "../lab/sim/view";

await runCommand(startHelp, async () => {
  const { what, json, steps, seed, password } = startOptions(process.argv.slice(2), process.stdout.isTTY === true);
  if ("model" in what && what.model === ROOM) await runRoom({ seed, json });
  else if ("model" in what) await runModelScenario(what.model, { seed, json });
  else if ("channel" in what) await runChannelScenario(what.channel, { seed, json });
  else await runSimulated(what.run, json, steps, password);
});

async function runSimulated(run: RunOptions, json: boolean, steps: boolean, password?: string): Promise<void> {
  if (run.engine === "xs") findWorker();
  if (!json) console.log(`${run.scenario.about} (${run.scheme}, ${run.engine === "xs" ? "XS" : "Node's"} engine)\n`);
  const { summary } = await runScenario(run, json ? jsonLines(password) : live(password));
  console.log(json ? JSON.stringify(summary) : summaryText(summary, steps));
  if (summary.crashes > 0) process.exitCode = 1;
}

function jsonLines(password: string | undefined): Watcher {
  return {
    begin(simulation) {
      process.once("SIGINT", () => simulation.end());
      if (password !== undefined) console.log(JSON.stringify({ name: "pages", password, ...pagesOf(simulation) }));
    },
    happened: ({ at, from, event }) => console.log(JSON.stringify({ atMs: Math.round(at), from, ...event })),
    tick: () => {},
    end: () => {},
  };
}

/** Where each device has its owner's page. */
function pagesOf({ ownerPorts }: Simulation): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(ownerPorts).map(([name, port]) => [name, `http://127.0.0.1:${port}/`]));
}

function live(password: string | undefined): Watcher {
  let view: View | undefined;
  return {
    begin(simulation, account) {
      if (password !== undefined) {
        for (const [name, url] of Object.entries(pagesOf(simulation))) console.log(`The ${name}'s page: ${url}`);
        console.log(`The owner's password: ${password}   (the pages answer while the device has power; Ctrl-C ends)\n`);
      }
      view = new View(simulation, account, process.stdout);
      process.once("SIGINT", () => simulation.end());
    },
    happened: (happening) => view?.happened(happening),
    tick: () => view?.refresh(),
    end: () => view?.leave(),
  };
}
