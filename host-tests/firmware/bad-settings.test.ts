// The real firmware in the simulated world, set up wrongly: it says so again and again, and neither
// crashes nor switches on.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineName } from "../../lab/sim/engine";
import { findWorker } from "../../lab/sim/engine-xs";
import type { Party } from "../../lab/sim/network";
import { type Run, runScenario, type Watcher } from "../../lab/sim/run";
import { loadScenario, type Scenario } from "../../lab/sim/scenario";

/**
 * A scenario checks settings too, when it is read; these come past it, as from a store that an
 * older image wrote.
 */
function scenarioOf(wrong: Pick<Scenario, "socket"> | Pick<Scenario, "cable">): Scenario {
  return { ...loadScenario("toaster"), ...wrong, steps: [{ atS: 1, plug: "in", appliance: "toaster" }], endS: 65 };
}

/** Where it is told, asks the socket for its status once it has started. */
class Asker implements Watcher {
  answer = "";
  begin({ timeline, network, port }: Parameters<Watcher["begin"]>[0]): void {
    const asker: Party = { name: "asker", alive: true };
    const body = "<methodCall><methodName>get_status</methodName><params/></methodCall>";
    const head = `POST /RPC2 HTTP/1.1\r\nHost: socket\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}`;
    timeline.at(5000, () => {
      const end = network.connect(asker, "127.0.0.1", port, timeline.now);
      end.onOpen = () => network.write(end, Buffer.from(`${head}\r\n\r\n${body}`), timeline.now);
      end.onData = (bytes) => {
        this.answer += Buffer.from(bytes).toString();
      };
    });
  }
  happened(): void {}
  tick(): void {}
  end(): void {}
}

function run(wrong: Parameters<typeof scenarioOf>[0], engine: EngineName, asker?: Asker): Promise<Run> {
  return runScenario({ scenario: scenarioOf(wrong), engine, scheme: "single-fee", seed: 1 }, asker);
}

function complaints({ happenings }: Run, from: string): readonly string[] {
  return happenings
    .filter((each) => each.from === from && each.event.name === "error" && each.event.where === "start")
    .map(({ event }) => String(event.why));
}

function powered({ happenings }: Run, name: string): boolean {
  return happenings.some(({ from, event }) => from === "scene" && event.name === name);
}

const engines: readonly EngineName[] = (() => {
  try {
    findWorker();
    return ["node", "xs"];
  } catch {
    return ["node"];
  }
})();

for (const engine of engines) {
  test(`a socket with bad settings says each of them every ten seconds, and gives no power (${engine})`, async () => {
    const asker = new Asker();
    const told = await run({ socket: { price: -1, exposurelimit: 5 } }, engine, asker);
    assert.equal(told.summary.crashes, 0);
    const each = complaints(told, "socket");
    assert.ok(each.length >= 12 && each.length <= 14, `${each.length} lines in 65 s`);
    assert.match(
      String(each.at(-2)),
      /^RangeError: settings\.price: expected a whole number .* from 1 to .*, came -1$/,
    );
    assert.match(String(each.at(-1)), /^settings\.exposurelimit: .* did you mean exposureLimit\?$/);
    assert.ok(!powered(told, "cable supplied"));
    assert.match(asker.answer, /internal-error: .* It did not start; its console says why\./);
    assert.doesNotMatch(asker.answer, /price|mwh/);
  });

  test(`a cable with bad settings says so on what standby gives, and its relay stays open (${engine})`, async () => {
    const told = await run({ cable: { maxFee: "5000" } }, engine);
    assert.equal(told.summary.crashes, 0);
    assert.ok(powered(told, "cable supplied"));
    const each = complaints(told, "cable");
    assert.ok(each.length >= 4, `${each.length} lines`);
    assert.match(String(each[0]), /^RangeError: settings\.maxFee: expected a whole number \(sat\) .*, came "5000"$/);
    assert.ok(!powered(told, "appliance powered"));
  });
}
