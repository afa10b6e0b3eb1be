// A socket and a cable with a real broker: Debian's Mosquitto. Both are simulated boards at twenty
// times the clock's speed; a payment runs meanwhile.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { connect, type MqttClient } from "mqtt";
import { PAPER } from "../../lab/paper";
import type { DeviceName } from "../../lab/sim/bundle";
import { paceOf } from "../../lab/sim/pace";
import type { Scenario } from "../../lab/sim/scenario";
import { type BrokerAccess, type Happening, Simulation } from "../../lab/sim/simulation";
import { freePort, Mosquitto, NO_MOSQUITTO } from "./broker";

const SPEED = 20;
/** How long a wait may last; a quick machine ends it sooner, and no result depends on it. */
const HANGS_MS = 300_000;
const IDS = { socket: "plugpay_505001", cable: "plugpay_505002" } as const;

/** Both devices, plugged together and paying, until `stop`. */
class World {
  readonly told: Happening[] = [];
  #wake = (): void => {};
  #looking: () => void = () => {};
  #run: Promise<void> | undefined;
  simulation!: Simulation;

  async start(broker: BrokerAccess): Promise<this> {
    const scenario = {
      name: "brokers",
      about: "",
      ...PAPER,
      coins: [250_000],
      linkDelayMs: 1,
      chainDelayMs: 20,
      blockIntervalS: 60,
      steps: [{ atS: 1, plug: "in", appliance: "household" }],
      endS: 86_400,
    } as unknown as Scenario;
    this.simulation = await Simulation.start({
      scenario,
      scheme: "single-fee",
      engine: "node",
      seed: 1,
      goesOn: true,
      broker,
      onOutside: () => this.#wake(),
      pace: paceOf(SPEED, (wake) => {
        this.#wake = wake;
      }),
    });
    this.simulation.onHappening = (happening) => {
      this.told.push(happening);
      this.#looking();
    };
    this.#run = this.simulation.run(() => false);
    return this;
  }

  /** Waits until `device` has told `name` once more than `before` times. */
  async until(device: DeviceName, name: string, before = 0): Promise<Happening> {
    for (;;) {
      const found = this.told.filter(({ from, event }) => from === device && event.name === name);
      const next = found[before];
      if (next) return next;
      await new Promise<void>((resolve) => {
        this.#looking = resolve;
      });
    }
  }

  count(device: DeviceName, name: string): number {
    return this.told.filter(({ from, event }) => from === device && event.name === name).length;
  }

  async stop(): Promise<void> {
    this.simulation.end();
    this.#wake();
    await this.#run;
    await this.simulation.close();
  }
}

/** Hears all that the broker has. */
class Listener {
  readonly topics = new Map<string, { readonly text: string; readonly retained: boolean }>();
  readonly said: string[] = [];
  #looking: () => void = () => {};

  private constructor(readonly client: MqttClient) {
    client.on("message", (topic, payload, { retain }) => {
      this.topics.set(topic, { text: payload.toString(), retained: retain });
      this.said.push(topic);
      this.#looking();
    });
  }

  static async at(port: number, access: object = {}): Promise<Listener> {
    const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, ...access });
    const listener = new Listener(client);
    await new Promise<void>((resolve) => client.once("connect", () => resolve()));
    await client.subscribeAsync("#");
    return listener;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.#looking = resolve;
      });
  }

  text(topic: string): string {
    return this.topics.get(topic)?.text ?? "";
  }

  end(): void {
    this.client.end(true);
  }
}

const state = (device: DeviceName) => `plugpay/${IDS[device]}/state`;
const availability = (device: DeviceName) => `plugpay/${IDS[device]}/availability`;
const config = (device: DeviceName) => `homeassistant/device/${IDS[device]}/config`;
const DEVICES = ["socket", "cable"] as const;

describe("with a real broker", { skip: NO_MOSQUITTO, timeout: HANGS_MS }, () => {
  const cleanUp: (() => unknown)[] = [];
  after(async () => {
    for (const each of cleanUp) await each();
  });

  test("both are discovered, say what they do, retained, and again at a birth; a cable that loses power is offline by its will", async () => {
    const broker = new Mosquitto(await freePort());
    cleanUp.push(() => broker.remove());
    await broker.start();
    const world = await new World().start({ host: "127.0.0.1", port: broker.port });
    cleanUp.push(() => world.stop());
    for (const device of DEVICES) await world.until(device, "mqtt-connected");
    const early = await Listener.at(broker.port);
    await early.until(() => DEVICES.every((device) => early.topics.has(state(device))));
    early.end();
    const listener = await Listener.at(broker.port);
    cleanUp.push(() => listener.end());
    await listener.until(() => DEVICES.every((device) => listener.topics.has(state(device))));
    for (const device of DEVICES) {
      assert.ok(listener.topics.get(config(device))?.retained, "who comes later hears it as well");
      assert.equal(JSON.parse(listener.text(config(device))).dev.name, `plugpay ${device} ${IDS[device].slice(-6)}`);
      assert.equal(listener.text(availability(device)), "online");
    }
    await listener.until(() => Number(JSON.parse(listener.text(state("cable"))).energy) > 0);
    await listener.until(() => JSON.parse(listener.text(state("socket"))).state === "paid");
    const before = listener.said.length;
    listener.client.publish("homeassistant/status", "online");
    await listener.until(() => DEVICES.every((device) => listener.said.slice(before).includes(config(device))));
    await world.simulation.plug("out");
    await listener.until(() => listener.text(availability("cable")) === "offline");
    assert.equal(listener.text(availability("socket")), "online");
    assert.ok(world.count("socket", "credited") > 0 && world.count("cable", "crash") === 0);
  });

  test("a broker that is away, comes, and is restarted: the devices pay meanwhile, come back by themselves and say all again", async () => {
    const broker = new Mosquitto(await freePort());
    cleanUp.push(() => broker.remove());
    const world = await new World().start({ host: "127.0.0.1", port: broker.port });
    cleanUp.push(() => world.stop());
    for (const device of DEVICES)
      assert.match(String((await world.until(device, "mqtt-lost")).event.why), /connection refused/);
    assert.ok(world.count("socket", "credited") > 0, "it was paid without a broker");
    await broker.start();
    for (const device of DEVICES) await world.until(device, "mqtt-connected");
    await broker.stop();
    for (const device of DEVICES) await world.until(device, "mqtt-lost", 1);
    await broker.start();
    for (const device of DEVICES) await world.until(device, "mqtt-connected", 1);
    const listener = await Listener.at(broker.port);
    cleanUp.push(() => listener.end());
    await listener.until(() =>
      DEVICES.every((device) => listener.topics.has(config(device)) && listener.topics.has(state(device))),
    );
  });

  test("a broker that refuses says why, and the right password is taken", async () => {
    const broker = new Mosquitto(await freePort(), "plug");
    cleanUp.push(() => broker.remove());
    await broker.start();
    const wrong = await new World().start({ host: "127.0.0.1", port: broker.port, user: "plug", password: "guess" });
    cleanUp.push(() => wrong.stop());
    assert.match(String((await wrong.until("socket", "mqtt-lost")).event.why), /this user may not connect/);
    const right = await new World().start({ host: "127.0.0.1", port: broker.port, user: "plug", password: "secret" });
    cleanUp.push(() => right.stop());
    await right.until("socket", "mqtt-connected");
    const all = JSON.stringify([...wrong.told, ...right.told]);
    assert.ok(!all.includes("guess") && !all.includes("secret"), "no password in the story");
  });
});

describe("with something that is no broker", { timeout: HANGS_MS }, () => {
  const open: Socket[] = [];
  let server: Server;

  test("nonsense, silence and a flood end the connection only: the same is paid as without a broker", async () => {
    const greetings: (Buffer | undefined)[] = [
      Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
      undefined,
      Buffer.concat([Buffer.from([0x20, 2, 0, 0]), Buffer.alloc(100_000, 0x30)]),
      Buffer.concat([Buffer.from([0x20, 2, 0, 0]), Buffer.alloc(100_000, Buffer.from([0xd0, 0]))]),
      Buffer.from([0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff]),
    ];
    let came = 0;
    server = createServer((socket) => {
      open.push(socket);
      socket.on("error", () => {});
      const greeting = greetings[came++ % greetings.length];
      if (greeting) socket.write(greeting);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const world = await new World().start({ host: "127.0.0.1", port });
    try {
      await world.until("socket", "mqtt-lost", 2);
      await world.until("socket", "credited", 3);
      for (const device of DEVICES) assert.equal(world.count(device, "crash"), 0);
      assert.equal(world.count("socket", "trip") + world.count("socket", "lockout"), 0);
      assert.equal(world.count("cable", "stopped"), 0);
    } finally {
      await world.stop();
      for (const socket of open) socket.destroy();
      server.close();
    }
  });
});
