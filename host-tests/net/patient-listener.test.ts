// A device serves as soon as there is a network, and does not fall when there is none yet.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import type { Admits, Connection, Favoured, Listener } from "../../shared/kernel/ports";
import { PatientListener } from "../../shared/net/patient-listener";
import type { SocketCalls } from "../../shared/protocol/types";
import { RpcServer } from "../../shared/rpc/server";

const anybody = () => true;

const unasked = (): Promise<never> => Promise.reject(new Error("nobody asks"));
const CALLS: SocketCalls = { getStatus: unasked, powerRequest: unasked, payTransaction: unasked };

/** A stack that refuses to listen before there is an interface. */
class Stack implements Listener {
  up = false;
  tries = 0;
  /** Called for each connection: empty before listening and after its end. */
  readonly told = new Set<(connection: Connection) => void>();

  favoured: Favoured | undefined;

  listen(
    _port: number,
    onConnection: (connection: Connection) => void,
    _admits: Admits,
    favoured?: Favoured,
  ): () => void {
    this.tries++;
    this.favoured = favoured;
    if (!this.up) throw new Error("no network");
    this.told.add(onConnection);
    return () => this.told.delete(onConnection);
  }
}

function scene(): { stack: Stack; clock: VirtualClock; told: string[]; listener: PatientListener } {
  const stack = new Stack();
  const clock = new VirtualClock();
  const told: string[] = [];
  const onWait = (why: string): number => told.push(why);
  const listener = new PatientListener({ listener: stack, clock, onWait, onListening: () => told.push("listening") });
  return { stack, clock, told, listener };
}

test("listening before there is a network throws nothing and begins within a second of the network's coming", async () => {
  const { stack, clock, told, listener } = scene();
  const connections: Connection[] = [];
  listener.listen(80, (connection) => connections.push(connection), anybody);
  await clock.run(3_700);
  assert.equal(stack.told.size, 0);
  assert.deepEqual(told, ["Error: no network"]);
  stack.up = true;
  await clock.run(1_000);
  assert.deepEqual(told, ["Error: no network", "listening"]);
  const one = {} as Connection;
  for (const tell of stack.told) tell(one);
  assert.deepEqual(connections, [one]);
});

test("where the network is up nothing is told and one try is enough", async () => {
  const { stack, clock, told, listener } = scene();
  stack.up = true;
  const stop = listener.listen(80, () => {}, anybody);
  await clock.run(5_000);
  assert.deepEqual([stack.tries, told], [1, []]);
  stop();
  assert.equal(stack.told.size, 0);
});

test("who stops while it waits is not listened for later", async () => {
  const { stack, clock, listener } = scene();
  listener.listen(80, () => {}, anybody)();
  stack.up = true;
  await clock.run(5_000);
  assert.deepEqual([stack.tries, stack.told.size], [1, 0]);
});

test("a stack that turns connections away by itself learns whose go first, however late it listens", async () => {
  const { stack, clock, listener } = scene();
  const calls = { ...CALLS, payer: undefined as string | undefined };
  const server = new RpcServer({ listener, port: 80, clock, calls });
  await clock.run(1_000);
  stack.up = true;
  await clock.run(1_000);
  assert.equal(stack.favoured?.(), undefined);
  calls.payer = "10.0.0.2";
  assert.equal(stack.favoured?.(), "10.0.0.2");
  server.close();
});
