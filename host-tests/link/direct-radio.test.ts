// A cable joins a socket's access point with an address that it asked for first, over a radio that
// only takes orders.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import type { Clock } from "../../shared/kernel/ports";
import { linkLocalOf } from "../../shared/link/address";
import { DirectRadio, JOINED, LOST, type RadioOrders, SCANNED } from "../../shared/link/direct-radio";

const MAC = "02504c550009";
const NEAR = { ssid: "plugpay-550001", bssid: "02504c550001", channel: 6, strength: -30 };
const FAR = { ssid: "plugpay-550002", bssid: "02504c550002", channel: 11, strength: -60 };

/**
 * A radio whose air is a list of lines, and whose access points let in after `joins` ms, or not.
 */
class Air implements RadioOrders {
  readonly orders: string[] = [];
  /** Addresses that others have. */
  readonly taken = new Set<string>();
  lines: string[] = [];
  /** What comes of an order to join, one after the other; the last again and again. */
  joins: (number | "refused" | "silent")[] = [150];
  scans: number | "never" = 120;
  happened = 0;
  #asked = "";

  constructor(private readonly clock: Clock) {}

  events(): number {
    const { happened } = this;
    this.happened = 0;
    return happened;
  }

  mac(): string {
    return MAC;
  }

  scan(channel: number): void {
    this.orders.push(`scan ${channel}`);
    if (this.scans !== "never") this.later(SCANNED, this.scans);
  }

  next(): string | undefined {
    return this.lines.shift();
  }

  join(ssid: string, bssid: string, channel: number): void {
    this.orders.push(`join ${ssid} ${bssid} ${channel}`);
    const [comes = "silent"] = this.joins;
    if (this.joins.length > 1) this.joins.shift();
    if (comes === "refused") this.later(LOST, 40);
    else if (comes !== "silent") this.later(JOINED, comes);
  }

  leave(): void {
    this.orders.push("leave");
  }

  probe(address: string): void {
    this.orders.push(`probe ${address}`);
    this.#asked = address;
  }

  isDisputed(): boolean {
    return this.taken.has(this.#asked);
  }

  settle(address: string): void {
    this.orders.push(`settle ${address}`);
  }

  later(what: number, time: number): void {
    this.clock.after(time, () => {
      this.happened |= what;
    });
  }
}

function radio(): { clock: VirtualClock; air: Air; radio: DirectRadio } {
  const clock = new VirtualClock();
  const air = new Air(clock);
  return { clock, air, radio: new DirectRadio({ clock, orders: air }) };
}

/** Runs the clock until `action` is done; gives how long it took, or why it failed. */
async function timeOf(clock: VirtualClock, action: Promise<unknown>): Promise<number | string> {
  let done: number | string | undefined;
  const began = clock.now();
  action.then(
    () => {
      done = clock.now() - began;
    },
    (error: unknown) => {
      done = String(error);
    },
  );
  await clock.runWhile(() => done === undefined, 60_000);
  return done ?? "no end";
}

test("an address comes of the MAC address, is link-local, leaves the sockets' block alone, and is another at each attempt", () => {
  const seen = new Set<string>();
  for (let device = 0; device < 4_000; device++) {
    const mac = `02504c${device.toString(16).padStart(6, "0")}`;
    const address = linkLocalOf(mac, 0);
    assert.equal(linkLocalOf(mac, 0), address);
    assert.notEqual(linkLocalOf(mac, 1), address);
    const [first, second, third = 0, fourth = 0] = address.split(".").map(Number);
    assert.deepEqual([first, second], [169, 254]);
    assert.ok(third >= 1 && third <= 254 && third !== 80 && fourth >= 0 && fourth <= 255, address);
    seen.add(address);
  }
  // 4,000 of 64,768 places by chance would be some 3,880 different ones.
  assert.ok(seen.size > 3_800, `${seen.size} different addresses`);
});

test("an access point is joined within half a second, and its address is asked for three times before it is used", async () => {
  const { clock, air, radio: cable } = radio();
  const time = await timeOf(clock, cable.join(NEAR));
  assert.ok(Number(time) <= 400, `${time}`);
  const address = linkLocalOf(MAC, 0);
  assert.deepEqual(air.orders, [
    "leave",
    "join plugpay-550001 02504c550001 6",
    ...[1, 2, 3].map(() => `probe ${address}`),
    `settle ${address}`,
  ]);
});

test("one that is joined is not joined again, unless it let go", async () => {
  const { clock, air, radio: cable } = radio();
  await timeOf(clock, cable.join(NEAR));
  const before = air.orders.length;
  assert.equal(await timeOf(clock, cable.join(NEAR)), 0);
  assert.equal(air.orders.length, before);
  air.happened |= LOST;
  assert.ok(Number(await timeOf(clock, cable.join(NEAR))) > 0);
  assert.ok(Number(await timeOf(clock, cable.join(FAR))) > 0);
  assert.equal(air.orders.filter((order) => order.startsWith("join")).length, 3);
});

test("an address that somebody has is given up for the next; where somebody has them all, the access point is left", async () => {
  const { clock, air, radio: cable } = radio();
  air.taken.add(linkLocalOf(MAC, 0));
  await timeOf(clock, cable.join(NEAR));
  assert.equal(air.orders.at(-1), `settle ${linkLocalOf(MAC, 1)}`);

  for (let attempt = 0; attempt < 100; attempt++) air.taken.add(linkLocalOf(MAC, attempt));
  assert.match(String(await timeOf(clock, cable.join(FAR))), /Somebody there has each of 8 addresses/);
  assert.equal(air.orders.at(-1), "leave");
});

test("a refusal is tried once more; two, silence, and one that lets go meanwhile are told", async () => {
  const { clock, air, radio: cable } = radio();
  air.joins = ["refused", 150];
  assert.ok(Number(await timeOf(clock, cable.join(NEAR))) < 500);
  air.joins = ["refused"];
  assert.match(String(await timeOf(clock, cable.join(FAR))), /plugpay-550002 did not let the cable in/);
  air.joins = ["silent"];
  assert.match(String(await timeOf(clock, cable.join(FAR))), /plugpay-550002 did not answer/);
  air.joins = [150];
  air.later(LOST, 200);
  assert.match(String(await timeOf(clock, cable.join(FAR))), /let go of the cable/);
  assert.equal(air.orders.at(-1), "leave");
});

test("a look at the air gives sockets, the strongest first, and nothing of what cannot be one", async () => {
  const { clock, air, radio: cable } = radio();
  air.lines = [
    "-60 11 02504c550002 plugpay-550002",
    "-20 6 02504c5500ff the house",
    "-10 6 02504c plugpay-550003",
    "-30 6 02504c550001 plugpay-550001",
    "-15 6 02504c550004 plugpay-house",
  ];
  let found: unknown;
  const looked = cable.scan(6).then((points) => {
    found = points;
  });
  assert.ok(Number(await timeOf(clock, looked)) <= 130);
  assert.deepEqual(found, [NEAR, FAR]);
  assert.deepEqual(air.orders, ["leave", "scan 6"]);
});

test("a crowd of names leaves the strongest 24", async () => {
  const { clock, air, radio: cable } = radio();
  air.lines = Array.from(
    { length: 200 },
    (_, i) => `-${100 - (i % 70)} 1 02504c55${i.toString(16).padStart(4, "0")} plugpay-aa`,
  );
  let found: readonly { readonly strength: number }[] = [];
  await timeOf(
    clock,
    cable.scan().then((points) => {
      found = points;
    }),
  );
  assert.equal(found.length, 24);
  assert.ok(
    found.every(({ strength }) => strength >= -42),
    "the loudest",
  );
});

test("a joined cable looks around without leaving; one that never hears the end of a look says so", async () => {
  const { clock, air, radio: cable } = radio();
  await timeOf(clock, cable.join(NEAR));
  await timeOf(clock, cable.scan());
  assert.equal(air.orders.filter((order) => order === "leave").length, 1);
  const joins = air.orders.filter((order) => order.startsWith("join")).length;
  await timeOf(clock, cable.join(NEAR));
  assert.equal(air.orders.filter((order) => order.startsWith("join")).length, joins, "still joined");
  air.scans = "never";
  assert.match(String(await timeOf(clock, cable.scan())), /no end of looking/);
});

test("who looks around while another order is under way ends that order", async () => {
  const { clock, air, radio: cable } = radio();
  air.joins = ["silent"];
  const joining = cable.join(NEAR).then(() => "joined", String);
  await clock.run(100);
  air.joins = [150];
  await timeOf(clock, cable.scan(6));
  assert.match(await joining, /told otherwise/);
  assert.ok(Number(await timeOf(clock, cable.join(NEAR))) < 500);
});
