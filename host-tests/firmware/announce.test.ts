// A socket's name on Wi-Fi at the edge: begins when there is an address, anew with each other one,
// survives what fails, and remembers the name that it got. And how the radio is kept awake.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { VirtualClock } from "../../lab/model/clock";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { MDNS_PORT, parseMessage } from "../../shared/mdns/message";
import { ALL, announcement, recordsOf } from "../../shared/mdns/records";
import { ROOT } from "../../tools/firmware/image";

const READABLE = 8;

interface Owner {
  happened(events: number): void;
}

/** What the modules of a chip do here. */
class World {
  readonly clock = new VirtualClock();
  readonly told: DeviceEvent[] = [];
  readonly store = new Map<string, Uint8Array>();
  /** Ports that are open, by handle, with the address of their interface. */
  readonly ports = new Map<number, { owner: Owner; here: string }>();
  readonly sent: { to: string; bytes: Uint8Array }[] = [];
  readonly sleeps: boolean[] = [];
  readonly report = (event: DeviceEvent): void => void this.told.push(event);
  address: string | undefined;
  refuses = 0;
  radioIsUp = true;
  #next = 1;
  #heard: Uint8Array | undefined;

  talk(owner: Owner, _group: string, _port: number, here: string): number {
    if (this.refuses-- > 0) throw new Error("sockets: no link yet, or the port is taken");
    this.ports.set(this.#next, { owner, here });
    return this.#next++;
  }

  say(handle: number, whole: Uint8Array): boolean {
    if (!this.ports.has(handle)) return false;
    const to = `${whole.subarray(0, 4).join(".")}:${((whole[4] ?? 0) << 8) | (whole[5] ?? 0)}`;
    this.sent.push({ to, bytes: whole.slice(6) });
    return true;
  }

  close(handle: number): void {
    this.ports.delete(handle);
  }

  receive(): ArrayBuffer | undefined {
    const heard = this.#heard;
    this.#heard = undefined;
    return heard?.slice().buffer as ArrayBuffer | undefined;
  }

  /** A datagram of 10.0.0.`last`. */
  hear(last: number, bytes: Uint8Array, port = MDNS_PORT): void {
    for (const { owner } of [...this.ports.values()]) {
      this.#heard = Uint8Array.from([10, 0, 0, last, port >> 8, port & 255, ...bytes]);
      owner.happened(READABLE);
    }
  }

  wifiSleep(whether: boolean): boolean {
    if (this.radioIsUp) this.sleeps.push(whether);
    return this.radioIsUp;
  }
}

const STAND_INS: Readonly<Record<string, string>> = {
  net: "export default { get: (what, link) => what === 'IP' && link === 'station' ? world.address : undefined, resolve: (name, done) => done(name, world.known?.[name]) };",
  "plugpay/sockets":
    "export const talk = (...all) => world.talk(...all), say = (...all) => world.say(...all), receive = (...all) => world.receive(...all), close = (...all) => world.close(...all);",
  "plugpay/wifi-sleep": "export const wifiSleep = (whether) => world.wifiSleep(whether);",
  "embedded:storage/key-value":
    "export default { open: ({ path }) => ({ read: (key) => world.store.get(path + '/' + key)?.slice().buffer, write: (key, value) => world.store.set(path + '/' + key, new Uint8Array(value)) }) };",
};

/** Runs `give` with the default exports of the files under test. */
async function run(world: object, give: string): Promise<unknown> {
  const source = ["announce", "awake", "names"].map((name) => `export * from "./${name}";`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: join(ROOT, "firmware/platform") },
    bundle: true,
    format: "iife",
    globalName: "subject",
    write: false,
    plugins: [
      {
        name: "stand-ins",
        setup(builder) {
          builder.onResolve({ filter: /^(net|plugpay\/|embedded:)/ }, ({ path }) => ({ path, namespace: "stand-in" }));
          builder.onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({ contents: STAND_INS[path] ?? "" }));
        },
      },
    ],
  });
  return new Function("world", `${outputFiles[0]?.text ?? ""}\nreturn ${give}`)(world);
}

const ANNOUNCE = 'subject.announce({ clock: world.clock, report: world.report, wanted: "plugpay", port: 8080 })';

test("it begins with the first address, and anew with another one; a link that goes is let go", async () => {
  const world = new World();
  await run(world, ANNOUNCE);
  await world.clock.run(5000);
  assert.equal(world.ports.size, 0);
  world.address = "10.0.0.1";
  await world.clock.run(10_000);
  assert.deepEqual(world.told, [{ name: "named", host: "plugpay.local" }]);
  assert.deepEqual(
    [...world.ports.values()].map(({ here }) => here),
    ["10.0.0.1"],
  );
  assert.equal(world.sent[0]?.to, "224.0.0.251:5353");
  world.address = undefined;
  await world.clock.run(5000);
  assert.equal(world.ports.size, 0);
  const before = world.sent.length;
  world.address = "10.0.0.5";
  await world.clock.run(10_000);
  assert.equal(world.ports.size, 1);
  assert.equal(world.sent.length - before, 6);
  assert.equal(world.told.length, 1);
});

test("a port that is refused is tried again, and told once", async () => {
  const world = new World();
  world.refuses = 5;
  world.address = "10.0.0.1";
  await run(world, ANNOUNCE);
  await world.clock.run(15_000);
  assert.deepEqual(
    world.told.map(({ name }) => name),
    ["error", "named"],
  );
});

test("the name that it got is remembered once it has held, and asked for at the next start", async () => {
  const world = new World();
  world.address = "10.0.0.1";
  await run(world, ANNOUNCE);
  await world.clock.run(300);
  const taken = recordsOf({ name: "plugpay", address: "10.0.0.9", port: 8080 });
  world.hear(9, announcement(taken, ALL));
  await world.clock.run(10_000);
  assert.equal(world.told.at(-1)?.host, "plugpay-2.local");
  assert.equal(world.store.size, 0);
  await world.clock.run(60_000);
  assert.equal(world.store.size, 1);
  const again = new World();
  again.address = "10.0.0.1";
  for (const [key, value] of world.store) again.store.set(key, value);
  assert.equal(await run(again, 'subject.lastName("plugpay")'), "plugpay-2");
  assert.equal(await run(again, 'subject.lastName("garage")'), "garage");
  await run(again, ANNOUNCE);
  await again.clock.run(300);
  assert.equal(parseMessage(again.sent[0]?.bytes ?? new Uint8Array(0))?.questions[0]?.name, "plugpay-2.local");
  for (const damaged of [Uint8Array.of(0xff, 0xfe), new Uint8Array(0)]) {
    for (const key of again.store.keys()) again.store.set(key, damaged);
    assert.equal(await run(again, 'subject.lastName("plugpay")'), "plugpay");
  }
});

test("a name is asked for once and kept until nobody can be called there; two answers are told", async () => {
  const world = new World();
  await run(world, "(world.names = new subject.Names(world))");
  const { names } = world as unknown as { names: { find(host: string): Promise<string>; forget(host: string): void } };
  const answered = async (...last: number[]): Promise<string> => {
    const found = names.find("plugpay.local");
    const query = parseMessage(world.sent.at(-1)?.bytes ?? new Uint8Array(0));
    for (const own of last) {
      const bytes = announcement(recordsOf({ name: "plugpay", address: `10.0.0.${own}`, port: 80 }), 1);
      bytes.set([(query?.id ?? 0) >> 8, (query?.id ?? 0) & 255]);
      world.hear(own, bytes);
    }
    return world.clock.finish(found);
  };
  assert.equal(await answered(1), "10.0.0.1");
  assert.equal(await names.find("plugpay.local"), "10.0.0.1");
  assert.equal(world.sent.length, 1);
  assert.equal(await names.find("10.0.0.9"), "10.0.0.9");
  names.forget("plugpay.local");
  await assert.rejects(answered(1, 2), /10\.0\.0\.1 and 10\.0\.0\.2 both answer/);
  assert.equal(await answered(2), "10.0.0.2");
  assert.equal(world.sent.length, 3);
  (world as unknown as { known: Record<string, string> }).known = { "a.example": "192.0.2.1" };
  assert.equal(await names.find("a.example"), "192.0.2.1");
  await assert.rejects(names.find("b.example"), /no such name/);
});

test("the radio sleeps only where nobody is there, is told of each change once, and again where it was not up", async () => {
  const world = Object.assign(new World(), { occupied: false });
  world.radioIsUp = false;
  await run(world, "subject.keepAwake(world.clock, () => world.occupied)");
  await world.clock.run(2000);
  assert.deepEqual(world.sleeps, []);
  world.radioIsUp = true;
  await world.clock.run(2000);
  world.occupied = true;
  await world.clock.run(2000);
  world.occupied = false;
  await world.clock.run(2000);
  assert.deepEqual(world.sleeps, [true, false, true]);
});
