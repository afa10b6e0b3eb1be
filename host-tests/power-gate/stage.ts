// A socket's gate, or a socket's and a cable's, in the simulated world; the C code checked by the
// sanitizers.

import { buildHelper } from "../../lab/world/build";
import { type GateSpec, startWorld, type World, type WorldEvent, type WorldOptions } from "../../lab/world/world";
import type { GateOptions } from "../../shared/board/gate-options";

export const ANYTHING = { upTo: 9e15, time: 4e9, current: 16_000 };

export class Stage {
  readonly world: World;
  now = 0;

  constructor({ gates = [{ name: "socket" }], ...rest }: Partial<WorldOptions> = {}) {
    this.world = startWorld({ seed: 11, electronics: 0, ...rest, gates }, buildHelper({ sanitize: true }));
  }

  /** Runs `ms`; gives all that happened, as "socket trip over-current". */
  async run(ms: number): Promise<string[]> {
    const until = this.now + ms;
    const happened: string[] = [];
    for (;;) {
      const { atMs, events } = await this.world.advance(until);
      this.now = atMs;
      happened.push(...events.map(tell));
      if (atMs >= until) return happened;
    }
  }

  /** Runs until something happens, at most `ms`; gives it and the time it took. */
  async until(ms: number): Promise<{ what: string | undefined; after: number }> {
    const since = this.now;
    for (;;) {
      const { atMs, events } = await this.world.advance(since + ms);
      this.now = atMs;
      const first = events[0];
      if (first) return { what: tell(first), after: atMs - since };
      if (atMs >= since + ms) return { what: undefined, after: atMs - since };
    }
  }
}

function tell({ gate, event }: WorldEvent): string {
  return event.kind === "trip" ? `${gate} trip ${event.cause}` : `${gate} ${event.kind}`;
}

/** Runs `play` on a stage and closes it. */
export async function onStage(options: Partial<WorldOptions>, play: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage(options);
  try {
    await play(stage);
  } finally {
    stage.world.close();
  }
}

/** A socket whose relay is closed and behind which a bare wire leads to the appliance. */
export function onSocket(options: GateOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
  return onStage({ gates: socketAndWire(options) }, async (stage) => {
    await startWire(stage);
    await play(stage);
  });
}

/** Gates of a socket, and of a cable that serves as a wire once `startWire` has run. */
export function socketAndWire(options: GateOptions): GateSpec[] {
  return [
    { name: "socket", options },
    { name: "cable", options: { minimumOff: 0 } },
  ];
}

export async function startWire(stage: Stage): Promise<void> {
  const { world } = stage;
  await world.boot("socket");
  await world.plug("in");
  await world.grant("socket", ANYTHING);
  await stage.run(600);
  await world.fault("cable", { weldRelay: true });
  await world.boot("cable");
  await world.grant("cable", ANYTHING);
  await stage.run(300);
  await world.cutPower("cable");
}
