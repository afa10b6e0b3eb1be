// The simulator's own machinery, with firmwares made for it: virtual time, TCP between boards,
// stores, engines.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Board } from "../../lab/sim/board";
import { bundleFirmware, type DeviceName } from "../../lab/sim/bundle";
import { computeFactor } from "../../lab/sim/compute";
import type { Engine } from "../../lab/sim/engine";
import { NodeEngine } from "../../lab/sim/engine-node";
import { findWorker, XsEngine } from "../../lab/sim/engine-xs";
import type { GateLink } from "../../lab/sim/gate-link";
import { Network } from "../../lab/sim/network";
import { FileStore } from "../../lab/sim/store-file";
import { Timeline } from "../../lab/sim/timeline";

const folder = mkdtempSync(join(tmpdir(), "plugpay-test-"));
after(() => rmSync(folder, { recursive: true }));

const hasXs = (() => {
  try {
    return findWorker() !== "";
  } catch {
    return false;
  }
})();

/** These firmwares do not touch their gate. */
const GATE: Pick<GateLink, "boot" | "cut" | "takeReading"> = {
  boot: async () => {},
  cut: async () => {},
  takeReading: async () => {},
};
const NO_GATE = GATE as GateLink;

/**
 * A socket and a cable that talk for ten seconds; the socket is without power from 3.5 s to 5 s.
 */
async function converse(name: string, engine: (device: DeviceName) => Engine): Promise<readonly string[]> {
  const timeline = new Timeline();
  const network = new Network(timeline, 2);
  const lines: string[] = [];
  const board = async (device: DeviceName, config: object) =>
    new Board({
      name: device,
      bundle: await bundleFirmware(device, join(import.meta.dirname, "fixtures", `${device}.ts`)),
      engine: () => engine(device),
      timeline,
      network,
      store: new FileStore(join(folder, `${name}-${device}.json`)),
      gate: NO_GATE,
      config,
      entropy: (length) => new Uint8Array(length),
      factor: computeFactor(),
      onTrace: (line) => lines.push(`${device} ${line}`),
      onCrash: (error) => lines.push(`crash ${error.message}`),
      onCut: () => {},
    });
  const socketConfig = { port: 0 };
  const socket = await board("socket", socketConfig);
  socketConfig.port = await network.open(socket, 0);
  const cable = await board("cable", { host: "127.0.0.1", port: socketConfig.port });
  await socket.powerOn();
  timeline.at(100, () => cable.powerOn());
  timeline.at(3800, () => socket.powerOff());
  timeline.at(5300, () => socket.powerOn());
  while ((timeline.next ?? Number.POSITIVE_INFINITY) < 10_000) {
    await network.settle();
    await timeline.step();
  }
  await socket.powerOff();
  await cable.powerOff();
  await network.shut();
  // The port is another one each time.
  return lines.map((line) => line.replaceAll(String(socketConfig.port), "PORT"));
}

const ENGINES: readonly [name: string, engine: (device: DeviceName) => Engine, skip: string | false][] = [
  ["Node", () => new NodeEngine(), false],
  ["XS", (device) => new XsEngine(device), hasXs ? false : "the XS engine is not built: npm rebuild @agoric/xsnap"],
];

for (const [name, engine, skip] of ENGINES) {
  describe(`boards on ${name}`, { skip }, () => {
    test("talk over real TCP in virtual time, the same way each time", async () => {
      const first = await converse(`${name}-1`, engine);
      assert.deepEqual(await converse(`${name}-2`, engine), first);
      assert.ok(first.filter((line) => line.startsWith('cable {"name":"status"')).length >= 5, first.join("\n"));
    });

    test("come back from a loss of power with their store, and the peer finds them again", async () => {
      const lines = await converse(`${name}-3`, engine);
      assert.deepEqual(
        lines.filter((line) => line.startsWith("socket")).map((line) => JSON.parse(line.slice(7)).starts),
        [1, 2],
      );
      assert.match(lines.at(-1) ?? "", /"name":"status"/);
      assert.ok(!lines.some((line) => line.startsWith("crash")));
    });

    test("see nothing of the host: no console, timers, text codecs, process or host calls", async () => {
      const script = `globalThis.hostEvent = () => hostCall(JSON.stringify({ name: "globals",
        found: ["console", "setTimeout", "TextEncoder", "TextDecoder", "process", "require", "issueCommand", "$call", "print", "performance"]
          .filter((name) => name in globalThis) }));`;
      const one = engine("socket");
      const commands: unknown[] = [];
      one.onCommand = ({ head }) => {
        commands.push(head);
        return { head: null };
      };
      await one.load(script);
      await one.deliver({ head: {} });
      one.kill();
      assert.deepEqual(commands, [{ name: "globals", found: [] }]);
    });
  });
}

test("a write that is cut is lost, torn or done, and the others stay", () => {
  const path = join(folder, "cuts.json");
  const cuts: string[] = [];
  for (const mode of ["lost", "torn", "done"] as const) {
    const store = new FileStore(path);
    store.onCut = () => cuts.push(mode);
    store.write("kept", Uint8Array.of(1, 2));
    store.cutAt = () => mode;
    store.write(mode, Uint8Array.of(1, 2, 3, 4));
  }
  const again = new FileStore(path);
  assert.deepEqual(cuts, ["lost", "torn", "done"]);
  assert.deepEqual(again.read("kept"), Uint8Array.of(1, 2));
  assert.equal(again.read("lost"), undefined);
  assert.deepEqual(again.read("torn"), Uint8Array.of(1, 2));
  assert.deepEqual(again.read("done"), Uint8Array.of(1, 2, 3, 4));
});
