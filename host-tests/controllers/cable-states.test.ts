// The cable's states as a table: from which, by what, to which, and what follows: its relay, and
// the story's words. A refusal holds payments while credit flows on ("held"); only when nothing is
// left to draw does the cable stop.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Bench, MINUTE, TOASTER } from "../../lab/stage/bench";
import { lying } from "../../lab/stage/liar";
import type { CableState } from "../../shared/protocol/types";

interface Row {
  readonly by: string;
  readonly happens: (scene: Scene) => unknown;
  readonly to: CableState;
  readonly relay: "closed" | "open";
  /** Lines of the cable's story from then on, with their reason, each once. */
  readonly told: readonly string[];
}

const SECOND = 1_000;
const LINES = ["connecting", "negotiating", "powered", "stopped", "held", "paid", "trip"];

class Scene {
  /** Nobody answers, where true. */
  isSilent = false;
  readonly bench = new Bench();

  constructor() {
    const { bench } = this;
    const { far } = bench.link;
    bench.link.far = () => (this.isSilent ? undefined : far?.());
    bench.circuit.load = TOASTER;
    bench.socket.start();
  }
}

const pass = (time: number) => (scene: Scene) => scene.bench.clock.run(time);
const changes = (cable: object, time: number) => async (scene: Scene) => {
  scene.bench.change({ cable });
  await scene.bench.clock.run(time);
};

const FROM: Readonly<Record<CableState, (scene: Scene) => Promise<unknown>>> = {
  connecting: async (scene) => {
    scene.isSilent = true;
    scene.bench.cable.start();
    await scene.bench.clock.run(5 * SECOND);
  },
  negotiating: async ({ bench }) => {
    bench.cable.start();
    for (let left = 100; left > 0 && bench.cable.state !== "negotiating"; left--) await bench.clock.run(1);
  },
  powered: async ({ bench }) => {
    bench.cable.start();
    await bench.clock.run(2 * SECOND);
  },
  stopped: async ({ bench }) => {
    bench.change({ cable: { maxPrice: 1 } });
    bench.cable.start();
    await bench.clock.run(2 * SECOND);
  },
};

const TABLE: Readonly<Record<CableState, readonly Row[]>> = {
  connecting: [
    { by: "silence", happens: pass(MINUTE), to: "connecting", relay: "open", told: [] },
    {
      by: "a first answer",
      happens: async (scene) => {
        scene.isSilent = false;
        for (let left = 20_000; left > 0 && scene.bench.cable.state === "connecting"; left--)
          await scene.bench.clock.run(1);
      },
      to: "negotiating",
      relay: "open",
      told: ["negotiating"],
    },
  ],
  negotiating: [
    {
      by: "a payment that is acknowledged",
      happens: pass(2 * SECOND),
      to: "powered",
      relay: "closed",
      told: ["powered", "paid"],
    },
    {
      by: "terms that its owner does not allow",
      happens: changes({ maxPrice: 1 }, 2 * SECOND),
      to: "stopped",
      relay: "open",
      told: ["held overpriced", "stopped overpriced"],
    },
    {
      by: "a socket that falls silent: it begins anew",
      happens: async (scene) => {
        scene.isSilent = true;
        await scene.bench.clock.run(2 * SECOND);
      },
      to: "connecting",
      relay: "open",
      told: ["held waiting", "stopped waiting", "connecting"],
    },
  ],
  powered: [
    { by: "the renewal", happens: pass(2 * MINUTE), to: "powered", relay: "closed", told: ["paid"] },
    {
      by: "a limit that forbids the next payment, while credit is left",
      happens: changes({ maxPrice: 1 }, MINUTE),
      to: "powered",
      relay: "closed",
      told: [],
    },
    {
      by: "the same, once nothing is left to draw",
      happens: changes({ maxPrice: 1 }, 240 * SECOND),
      to: "stopped",
      relay: "open",
      told: ["paid", "held overpriced", "stopped overpriced"],
    },
    {
      by: "silence: what was paid for flows on",
      happens: async (scene) => {
        scene.isSilent = true;
        await scene.bench.clock.run(20 * SECOND);
      },
      to: "powered",
      relay: "closed",
      told: [],
    },
    {
      by: "a trip of its own gate, which is tried again later",
      happens: changes({ maxCurrent: 3_000 }, 3 * SECOND),
      to: "powered",
      relay: "open",
      told: ["trip over-current"],
    },
    {
      by: "a socket that does not sell any more, and gives credit back when it is asked",
      happens: async ({ bench }) => {
        bench.restartSocket();
        await bench.clock.run(20 * SECOND);
      },
      to: "powered",
      relay: "closed",
      told: [],
    },
    {
      by: "a socket in lockout",
      happens: async ({ bench }) => {
        bench.front = lying({ status: (status) => ({ ...status, state: "lockout", lockoutMs: MINUTE }) });
        await bench.clock.run(45 * SECOND);
      },
      to: "stopped",
      relay: "open",
      told: ["stopped locked"],
    },
    {
      by: "a socket that claims energy that did not flow: what was paid for flows on",
      happens: async ({ bench }) => {
        bench.front = lying({ status: (status) => ({ ...status, remaining: Math.max(0, status.remaining - 9_000) }) });
        await bench.clock.run(45 * SECOND);
      },
      to: "powered",
      relay: "closed",
      told: ["held energy-claimed"],
    },
  ],
  stopped: [
    { by: "less than its pause", happens: pass(20 * SECOND), to: "stopped", relay: "open", told: [] },
    {
      by: "its pause, with the reason still there",
      happens: pass(32 * SECOND),
      to: "stopped",
      relay: "open",
      told: ["connecting", "negotiating", "held overpriced", "stopped overpriced"],
    },
    {
      by: "its pause, with the reason gone",
      happens: changes({ maxPrice: 250_000 }, 32 * SECOND),
      to: "powered",
      relay: "closed",
      told: ["connecting", "negotiating", "powered", "paid"],
    },
  ],
};

for (const from of ["connecting", "negotiating", "powered", "stopped"] as const)
  describe(`a cable that is ${from}`, () => {
    for (const row of TABLE[from])
      it(`is ${row.to} after ${row.by}`, async () => {
        const scene = new Scene();
        const { bench } = scene;
        await FROM[from](scene);
        assert.equal(bench.cable.state, from, bench.story());
        const before = bench.events.length;
        await row.happens(scene);
        assert.equal(bench.cable.state, row.to, bench.story());
        assert.equal(bench.circuit.cable.closed ? "closed" : "open", row.relay, bench.story());
        const told = bench.linesAfter(before, LINES, "cable");
        assert.deepEqual([...new Set(told)], row.told, bench.story());
      });
  });
