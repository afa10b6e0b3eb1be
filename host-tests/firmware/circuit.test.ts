// The electrical world around emulated boards, with boards whose pins the test holds: who gets power, and what their
// metering chips tell.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Circuit, type PoweredBoard } from "../../tools/firmware/circuit";

class HeldBoard implements PoweredBoard {
  on = false;
  starts = 0;
  closed = false;
  /** CF's counter, and the byte that says what is out of range, in the latest frame. */
  pulses = 0;
  head = 0;

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
    this.head = frame[0] as number;
    this.pulses = ((frame[21] as number) << 8) | (frame[22] as number);
  }
  async relay(): Promise<boolean> {
    return this.closed;
  }
}

const GOOD = 0x55;
const NOTHING_FLOWS = 0xf2;

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
  await until(() => cable.head === NOTHING_FLOWS);

  cable.closed = true;
  await until(() => circuit.powered && cable.head === GOOD && socket.head === GOOD && cable.pulses > 0);
  assert.ok(circuit.delivered() > 0);

  await circuit.cut("cable");
  assert.equal(cable.on, false);
  await until(() => !circuit.powered);
  await circuit.power("cable");
  assert.deepEqual([cable.on, cable.starts], [true, 2]);

  await circuit.cut("socket");
  await until(() => !cable.on);
  await circuit.power("socket");
  socket.closed = true;
  await until(() => cable.on);
  assert.deepEqual([supplied, socket.starts, cable.starts, troubles], [[true, false, true], 2, 3, []]);
});
