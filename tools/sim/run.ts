// Runs a scenario to its end and sums it up: for tests and for whoever wants the figures only.

import { Account, type Summary } from "./account";
import { type Happening, type RunOptions, Simulation } from "./simulation";

export interface Run {
  readonly summary: Summary;
  readonly happenings: readonly Happening[];
}

export async function runScenario(options: RunOptions): Promise<Run> {
  const simulation = await Simulation.start(options);
  const account = new Account(simulation);
  const happenings: Happening[] = [];
  simulation.onHappening = (happening) => {
    account.take(happening);
    happenings.push(happening);
  };
  try {
    await simulation.run(() => !account.sessionOpen);
  } finally {
    await simulation.close();
  }
  return { summary: account.summary(), happenings };
}
