// What stands around emulated boards: a chain that does not start, or ends, is told, and nothing
// stays open.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { type AddressInfo, createServer, type Server } from "node:net";
import { test } from "node:test";
import { Chain } from "../../tools/firmware/chain";
import { withStage } from "../../tools/firmware/stage";

const wires = (): number => process.getActiveResourcesInfo().filter((name) => /udp/i.test(name)).length;
async function server(): Promise<Server> {
  const listening = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listening.once("listening", resolve));
  return listening;
}

/** Takes a port for datagrams and gives it back. */
async function bind(port: number): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => socket.once("error", reject).bind(port, "127.0.0.1", resolve));
  socket.close();
}

test("a chain whose process ends at once is told with what to look at, and nothing keeps the command from ending", async () => {
  const taken = await server();
  const { port } = taken.address() as AddressInfo;
  const played = withStage(`http://127.0.0.1:${port}`, async () => assert.fail("there is no chain to play on"));
  await assert.rejects(played, new RegExp(`the chain's process ended \\(1\\).*Is port ${port} free.*npm rebuild`));
  assert.equal(wires(), 0);
  taken.close();
});

test("a chain whose process ends later answers nothing more, and says why", async (t) => {
  const [chain] = await Chain.start(0);
  t.after(() => chain.close());
  await chain.ask({ mine: 1 });
  const asked = chain.ask({ settledTo: "no address" });
  await assert.rejects(asked, /address/);
  process.kill(Number(chain.pid));
  await assert.rejects(chain.ask({ mine: 1 }), /the chain's process ended \(SIGTERM\)/);
  assert.match(String(chain.ended), /ended \(SIGTERM\)/);
  await assert.rejects(chain.ask({ mine: 1 }), /the chain's process ended/);
});

test("an emulated network is closed when the play fails", async () => {
  const free = await server();
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  let ports: readonly number[] = [];
  const played = withStage(`http://127.0.0.1:${port}`, async ({ wires }) => {
    ports = wires.map(({ other }) => other);
    await assert.rejects(bind(ports[0] as number), /EADDRINUSE/);
    throw new Error("the play failed");
  });
  await assert.rejects(played, /the play failed/);
  assert.equal(ports.length, 3);
  for (const port of ports) await bind(port);
});
