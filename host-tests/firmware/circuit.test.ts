// The electrical world around emulated boards, with boards whose pins the test holds: who gets
// power, and what their metering chips tell.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Circuit, type PoweredBoard } from "../../tools/firmware/circuit";

class HeldBoard implements PoweredBoard {
  on = false;
  starts = 0;
  closed = false;
  /** CF's counter in the latest frame. */
  pulses = 0;

  async start(): Promise<void> {
    this.on = true;
    this.starts++;
  }
  async cut(): Promise<void> {
    this.on = false;
    this.closed = false;
  }
  feed(frame: Uint8Array): void {
    if (!this.on) return;
    this.pulses = ((frame[21] as number) << 8) | (frame[22] as number);
  }
  async relay(): Promise<boolean> {
    return this.closed;
  }
  async uptime(): Promise<number> {
    return performance.now();
  }
}

test("relays decide what flows, what flows is told by the chips, and a cable without supply is off", async () => {
  const socket = new HeldBoard();
  const cable = new HeldBoard();
  const supplied: boolean[] = [];
  const troubles: unknown[] = [];
  const circuit = new Circuit(
    { socket, cable },
    (is) => supplied.push(is),
    (why) => troubles.push(why),
  );
  after(() => circuit.close());
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await pause(5);
  };
  await circuit.load(2000);
  await circuit.begin();
  await circuit.plug("in");
  assert.deepEqual([socket.on, cable.on], [true, false]);

  socket.closed = true;
  await until(() => cable.on);
  assert.equal(circuit.powered, false);

  cable.closed = true;
  await until(() => circuit.powered && cable.pulses >= 50 && socket.pulses >= 50);
  // A pulse is 5.2 J, 1.45 mWh.
  assert.ok(circuit.delivered() > 50);

  const { pulses } = cable;
  await circuit.cut("cable");
  assert.equal(cable.on, false);
  await until(() => !circuit.powered);
  await circuit.power("cable");
  await until(() => cable.pulses < pulses);
  assert.deepEqual([cable.on, cable.starts], [true, 2]);

  await circuit.cut("socket");
  await until(() => !cable.on);
  await circuit.power("socket");
  socket.closed = true;
  await until(() => cable.on);
  assert.deepEqual([supplied, socket.starts, cable.starts, troubles], [[true, false, true], 2, 3, []]);
});
