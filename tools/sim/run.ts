// Runs a scenario to its end and sums it up.

import { Account, type Summary } from "./account";
import { GreedySocket } from "./hostile/greedy-socket";
import { Thief } from "./hostile/thief";
import { type Happening, type RunOptions, Simulation } from "./simulation";

/** A peer that cheats, in the place of a board. */
interface HostilePeer {
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

/** Whoever watches a run: told of each thing that happens, after the account has taken it, and once a virtual second. */
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
  const peer = hostilePeer(simulation, account);
  watcher?.begin(simulation, account);
  simulation.onHappening = (happening) => {
    account.take(happening);
    happenings.push(happening);
    peer?.heard?.(happening);
    watcher?.happened(happening);
  };
  simulation.onTick = () => watcher?.tick();
  if (peer) await startHostile(simulation, account, peer);
  try {
    await simulation.run(() => !account.sessionOpen);
  } finally {
    watcher?.end();
    await simulation.close();
  }
  return { summary: account.summary(), happenings };
}

function hostilePeer(simulation: Simulation, account: Account): HostilePeer | undefined {
  const { hostile } = simulation.options.scenario;
  if (!hostile) return undefined;
  return hostile === "cable" ? new Thief(simulation, account) : new GreedySocket(simulation, account);
}

/** The peer begins when the cable is plugged in. */
async function startHostile(simulation: Simulation, account: Account, peer: HostilePeer): Promise<void> {
  await peer.prepare?.();
  simulation.onPlug = () => {
    simulation.onPlug = () => {};
    peer
      .run()
      .catch((error: Error) => {
        account.trials.push({
          tried: "everything",
          met: "a failure of the hostile peer",
          refused: false,
          why: error.message,
        });
      })
      .finally(() => simulation.tell("scene", { name: "hostile done" }));
  };
}
