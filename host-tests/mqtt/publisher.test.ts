// When a device tells a broker what, on a virtual clock, with a broker of a few lines.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import type { BrokerEvents, BrokerLink, BrokerOptions, Retained } from "../../shared/mqtt/port";
import { BIRTH_TOPIC, Publisher } from "../../shared/mqtt/publisher";

const MINUTE = 60_000;

class Link implements BrokerLink {
  unsent = 0;
  isClosed = false;
  readonly heard: string[] = [];
  readonly said: Retained[] = [];

  constructor(
    readonly options: BrokerOptions,
    readonly events: BrokerEvents,
  ) {}

  publish(message: Retained): void {
    this.said.push(message);
  }

  subscribe(topic: string): void {
    this.heard.push(topic);
  }

  renew(): void {}

  close(): void {
    this.isClosed = true;
  }

  /** What was said, by the last part of its topic. */
  get words(): string[] {
    return this.said.map(({ topic }) => topic.split("/").at(-1) ?? "");
  }
}

function staged({ answers = true, chance = 0.5 } = {}) {
  const clock = new VirtualClock();
  const links: Link[] = [];
  const told: string[] = [];
  const world = { state: "a", isScarce: false, isKnown: true };
  const publisher = new Publisher({
    clock,
    report: ({ name, why }) => void told.push(why === undefined ? name : `${name}: ${why}`),
    join: (options, events) => {
      const link = new Link(options, events);
      links.push(link);
      if (answers) clock.after(10, () => events.onReady());
      return link;
    },
    broker: { host: "hub", port: 1883, user: "plug", password: "secret" },
    told: () =>
      world.isKnown
        ? {
            id: "plugpay_1",
            availabilityTopic: "p/availability",
            discovery: () => ({ topic: "h/config", text: "{}" }),
            state: () => ({ topic: "p/state", text: world.state }),
          }
        : undefined,
    chance: () => chance,
    isScarce: () => world.isScarce,
  });
  publisher.start();
  return { clock, links, told, world, last: () => links.at(-1) as Link };
}

describe("a device with a broker", () => {
  test("leaves the first seconds to the first call and a payment, then says all once, with its will", async () => {
    const { clock, links, told, last } = staged();
    await clock.run(5_000);
    assert.equal(links.length, 0);
    await clock.run(5_000);
    assert.deepEqual(last().words, ["config", "availability", "state"]);
    assert.deepEqual(last().heard, [BIRTH_TOPIC], "and hears nothing but the birth");
    const { id, will, user, password } = last().options;
    assert.deepEqual(
      [id, will, user, password],
      ["plugpay_1", { topic: "p/availability", text: "offline" }, "plug", "secret"],
    );
    assert.deepEqual(told, ["mqtt-connected"]);
    await clock.run(MINUTE);
    assert.equal(last().said.length, 3, "what has not changed is not said again");
  });

  test("says a state that changed within seconds, and one that did not every five minutes", async () => {
    const { clock, world, last } = staged();
    await clock.run(10_000);
    world.state = "b";
    await clock.run(5_000);
    assert.deepEqual(last().said.at(-1), { topic: "p/state", text: "b" });
    const { length } = last().said;
    await clock.run(5 * MINUTE);
    assert.equal(last().said.length, length + 1);
  });

  test("at Home Assistant's birth says all again after a moment, and however many births come, once in half a minute", async () => {
    const { clock, last } = staged();
    await clock.run(10_000);
    const link = last();
    link.events.onMessage(BIRTH_TOPIC, "online");
    assert.equal(link.said.length, 3, "not at once: a house of devices would speak together");
    await clock.run(6_000);
    assert.deepEqual(link.words.slice(3), ["config", "availability", "state"]);
    for (let k = 0; k < 1000; k++) link.events.onMessage(BIRTH_TOPIC, "online");
    await clock.run(20_000);
    assert.equal(link.said.length, 6);
    await clock.run(10_000);
    assert.equal(link.said.length, 9);
  });

  test("hears nothing in any other message, whatever it says", async () => {
    const { clock, last } = staged();
    await clock.run(10_000);
    for (const [topic, text] of [
      [BIRTH_TOPIC, "offline"],
      [BIRTH_TOPIC, "on"],
      ["p/state", "online"],
      ["homeassistant/device/plugpay_1/set", "OFF"],
    ] as const)
      last().events.onMessage(topic, text);
    await clock.run(MINUTE);
    assert.equal(last().said.length, 3);
  });

  test("tries again after twice as long each time, five minutes at most, and tells of a trouble once", async () => {
    const { clock, links, told } = staged({ answers: false, chance: 0 });
    const at: number[] = [];
    for (let k = 0; k < 12; k++) {
      const { length } = links;
      while (links.length === length) await clock.run(1000);
      at.push(clock.now());
      links.at(-1)?.events.onClose("connection refused");
    }
    const pauses = at.slice(1).map((time, k) => (time - (at[k] ?? 0)) / 1000);
    assert.deepEqual(pauses.map(Math.round), [4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
    assert.deepEqual(told, ["mqtt-lost: connection refused"]);
  });

  test("a broker that does not answer is left after twenty seconds", async () => {
    const { clock, told, last } = staged({ answers: false });
    await clock.run(30_000);
    assert.ok(last().isClosed);
    assert.deepEqual(told, ["mqtt-lost: the broker does not answer"]);
  });

  test("a connection that was lost is made again, and everything said again on it", async () => {
    const { clock, links, told, last } = staged();
    await clock.run(2 * MINUTE);
    last().events.onClose("the broker closed the connection");
    await clock.run(10_000);
    assert.equal(links.length, 2);
    assert.deepEqual(last().words, ["config", "availability", "state"]);
    assert.deepEqual(told, ["mqtt-connected", "mqtt-lost: the broker closed the connection", "mqtt-connected"]);
  });

  test("a broker that takes nothing gets no more, whatever changes, and is left after half a minute", async () => {
    const { clock, world, told, last } = staged();
    await clock.run(10_000);
    const link = last();
    link.unsent = 3000;
    for (let k = 0; k < 6; k++) {
      world.state = `${k}`;
      link.events.onMessage(BIRTH_TOPIC, "online");
      await clock.run(5_000);
    }
    assert.equal(link.said.length, 3);
    await clock.run(10_000);
    assert.ok(link.isClosed);
    assert.ok(told.includes("mqtt-lost: the broker takes nothing"));
  });

  test("where memory is scarce the broker is left, and waits until there is some", async () => {
    const { clock, links, world, last } = staged();
    await clock.run(10_000);
    world.isScarce = true;
    await clock.run(5_000);
    assert.ok(last().isClosed);
    await clock.run(10 * MINUTE);
    assert.equal(links.length, 1);
    world.isScarce = false;
    await clock.run(10_000);
    assert.equal(links.length, 2);
  });

  test("a device that does not know itself yet, as its link is not up, waits", async () => {
    const { clock, links, world } = staged();
    world.isKnown = false;
    await clock.run(MINUTE);
    assert.equal(links.length, 0);
    world.isKnown = true;
    await clock.run(10_000);
    assert.equal(links.length, 1);
  });
});
