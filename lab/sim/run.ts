// Runs a scenario to its end and sums it up.

import type { Millisecond } from "../../shared/kernel/units";
import { Account, type Summary } from "./account";
import { Cuts } from "./cuts";
import { Crowd, mannerNamed } from "./hostile/crowd";
import { Flood } from "./hostile/flood";
import { GreedySocket } from "./hostile/greedy-socket";
import { Thief } from "./hostile/thief";
import { type Happening, type RunOptions, Simulation } from "./simulation";

/** By then the socket has started. */
const START: Millisecond = 2000;

/** Who makes trouble: a peer that cheats in the place of a board, or cuts of the power. */
interface Troublemaker {
  /** Before time starts. */
  prepare?(): Promise<void>;
  /** Tries everything; resolves when it is through. */
  run(): Promise<void>;
  heard?(happening: Happening): void;
}

export interface Run {
  readonly summary: Summary;
  readonly happenings: readonly Happening[];
}

/**
 * Whoever watches a run: told of each thing that happens, after the account has taken it, and once
 * a virtual second.
 */
export interface Watcher {
  begin(simulation: Simulation, account: Account): void;
  happened(happening: Happening): void;
  tick(): void;
  /** Time has ended; what follows is the summary. */
  end(): void;
}

export async function runScenario(options: RunOptions, watcher?: Watcher): Promise<Run> {
  const simulation = await Simulation.start(options);
  const account = new Account(simulation);
  const happenings: Happening[] = [];
  let troubled = false;
  const peer = troublemaker(simulation, account);
  watcher?.begin(simulation, account);
  simulation.onHappening = (happening) => {
    account.take(happening);
    happenings.push(happening);
    peer?.heard?.(happening);
    if (happening.event.name === "trouble over") troubled = false;
    watcher?.happened(happening);
  };
  if (watcher || options.scenario.trouble) simulation.onTick = () => watcher?.tick();
  if (peer) {
    troubled = true;
    await startTrouble(simulation, account, peer);
  }
  try {
    await simulation.run(() => !account.sessionOpen && account.state.socket !== "paid" && !troubled);
  } finally {
    watcher?.end();
    await simulation.close();
  }
  return { summary: account.summary(), happenings };
}

function troublemaker(simulation: Simulation, account: Account): Troublemaker | undefined {
  const { crowd, scenario } = simulation.options;
  if (crowd) return new Crowd(simulation, account, crowd);
  switch (scenario.trouble) {
    case "thief":
      return new Thief(simulation, account);
    case "greedy-socket":
      return new GreedySocket(simulation, account);
    case "flood":
      return new Flood(simulation, account);
    case "bare-connections":
      return new Crowd(simulation, account, mannerNamed("bare connections of many addresses"));
    case "power-cuts":
      return new Cuts(simulation, account);
    default:
      return undefined;
  }
}

/** A cheat begins when the cable is plugged in. */
async function startTrouble(simulation: Simulation, account: Account, peer: Troublemaker): Promise<void> {
  await peer.prepare?.();
  const run = () => {
    simulation.onPlug = () => {};
    peer
      .run()
      .catch(({ message }: Error) => {
        account.trials.push({
          tried: "everything",
          met: "a failure of the cheat itself",
          refused: false,
          why: message,
        });
      })
      .finally(() => simulation.tell("scene", { name: "trouble over" }));
  };
  if (simulation.options.scenario.trouble === "power-cuts") simulation.timeline.at(START, run);
  else simulation.onPlug = run;
}
