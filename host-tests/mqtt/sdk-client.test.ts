// The SDK's own MQTT client, as a device has it (firmware/platform/mqtt.ts), in Node: with a real
// broker, and with nonsense.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { build } from "esbuild";
import { connect } from "mqtt";
import { SeededRandom } from "../../lab/model/random";
import { tcpDialer } from "../../lab/platform/tcp";
import type { Connection, Dialer } from "../../shared/kernel/ports";
import type { BrokerLink, Join } from "../../shared/mqtt/port";
import { ROOT } from "../../tools/firmware/image";
import { freePort, Mosquitto, NO_MOSQUITTO } from "./broker";

const CLIENT = join(process.env.MODDABLE ?? "", "examples/io/tcp/mqttclient/mqttclient.js");
const NO_SDK = existsSync(CLIENT) ? false : "no Moddable SDK ($MODDABLE)";
const CONNACK = [0x20, 2, 0, 0];
const HANGS_MS = 120_000;

/** What XS and the SDK have, and Node has not. */
const TIMER = `export default class Timer {
  static set(action, delay = 0) { return { stop: ((timer) => () => clearTimeout(timer))(setTimeout(action, delay)) }; }
  static repeat(action, every) { return { stop: ((timer) => () => clearInterval(timer))(setInterval(action, every)) }; }
  static clear(timer) { timer?.stop?.(); }
}`;
const TIME =
  "export default { get ticks() { return Math.round(performance.now()); }, delta: (from, to) => to - from };";

async function joinBy(): Promise<(dialer: Dialer) => Join> {
  const world = globalThis as unknown as Record<string, unknown>;
  world.trace = () => {};
  (ArrayBuffer as unknown as Record<string, unknown>).fromString = (text: string) =>
    Uint8Array.from(Buffer.from(text)).buffer;
  (String as unknown as Record<string, unknown>).fromArrayBuffer = (bytes: ArrayBuffer) =>
    Buffer.from(bytes).toString();
  const virtual: Readonly<Record<string, string>> = { timer: TIMER, time: TIME };
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "firmware/platform/mqtt.ts")],
    bundle: true,
    write: false,
    format: "esm",
    logLevel: "silent",
    plugins: [
      {
        name: "sdk",
        setup(one) {
          one.onResolve({ filter: /^embedded:network\/mqtt\/client$/ }, () => ({ path: CLIENT }));
          one.onResolve({ filter: /^(timer|time)$/ }, ({ path }) => ({ path, namespace: "sdk" }));
          one.onLoad({ filter: /.*/, namespace: "sdk" }, ({ path }) => ({ contents: virtual[path] ?? "" }));
        },
      },
    ],
  });
  const text = Buffer.from(outputFiles[0]?.text ?? "").toString("base64");
  return ((await import(`data:text/javascript;base64,${text}`)) as { joinBy: (dialer: Dialer) => Join }).joinBy;
}

const OPTIONS = {
  host: "127.0.0.1",
  id: "plugpay_1",
  will: { topic: "p/availability", text: "offline" },
  keepAlive: 60_000,
};

/** A connection whose other end is the test. */
class Wire implements Connection {
  readonly peer = "10.0.0.9:1883";
  unsent = 0;
  readonly written: number[][] = [];
  isClosed = false;
  onData: (data: Uint8Array) => void = () => {};
  onClose: (error?: string) => void = () => {};

  write(data: Uint8Array): void {
    this.written.push([...data]);
  }

  close(): void {
    this.isClosed = true;
  }
}

describe("the SDK's client", { skip: NO_SDK, timeout: HANGS_MS }, () => {
  const links: BrokerLink[] = [];
  after(() => {
    for (const link of links) link.close();
  });

  async function wired() {
    const join = await joinBy();
    const wire = new Wire();
    const heard: string[] = [];
    const link = join({ connect: async () => wire })(
      { ...OPTIONS, port: 1883, user: "plug", password: "secret" },
      {
        // As the publisher does: all is said while the client still reads that it was taken in.
        onReady: () => {
          heard.push("ready");
          link.subscribe("homeassistant/status");
          link.publish({ topic: "p/state", text: "x".repeat(3500) });
        },
        onMessage: (topic, text) => void heard.push(`${topic}=${text}`),
        onClose: (why) => void heard.push(`closed: ${why}`),
      },
    );
    links.push(link);
    await new Promise((resolve) => setImmediate(resolve));
    return { wire, heard, link, come: (...bytes: number[]) => wire.onData(Uint8Array.from(bytes)) };
  }

  test("connects with its will, hears a message in pieces, and says a long text in one packet", async () => {
    const { wire, heard, link, come } = await wired();
    const greeting = Buffer.from(wire.written[0] ?? []);
    assert.equal(greeting[0], 0x10);
    for (const part of ["MQTT", "plugpay_1", "p/availability", "offline", "plug", "secret"])
      assert.ok(greeting.includes(part), part);
    // User, password, a retained will, a clean session.
    assert.equal(greeting[9], 0xe6);
    come(...CONNACK);
    assert.ok(Buffer.from(wire.written[1] ?? []).includes("homeassistant/status"));
    assert.deepEqual([wire.written[2]?.[0], wire.written[2]?.length], [0x31, 3 + 2 + 7 + 3500]);
    wire.unsent = 3000;
    assert.equal(link.unsent, 3000, "what a slow broker has not taken is known");
    const body = [0, 3, ...Buffer.from("a/bonline")];
    come(0x30);
    come(body.length, ...body.slice(0, 4));
    come(...body.slice(4), 0xd0, 0, 0x30, body.length, ...body);
    assert.deepEqual(heard, ["ready", "a/b=online", "a/b=online"]);
  });

  test("nonsense of any kind ends the connection, once and with a reason, and throws nothing", async () => {
    const random = new SeededRandom(7);
    for (let run = 0; run < 150; run++) {
      const { wire, heard, come } = await wired();
      if (run % 4 > 0) come(...CONNACK);
      for (let k = 0; k < 30 && !wire.isClosed; k++) {
        const first = [0x30, 0x90, 0xd0, 0x32, random.integer(0, 255)][random.integer(0, 4)] ?? 0;
        come(first, random.integer(0, 30), 0, ...random.bytes(random.integer(0, 30)));
      }
      const ends = heard.filter((each) => each.startsWith("closed"));
      assert.equal(ends.length, wire.isClosed ? 1 : 0, heard.join());
      const { length } = heard;
      come(...CONNACK, 0xd0, 0);
      if (wire.isClosed) assert.equal(heard.length, length, "nothing is heard after the end");
    }
  });

  test("a client that was closed says nothing more, and may be closed again", async () => {
    const { wire, heard, link, come } = await wired();
    link.close();
    link.close();
    link.publish({ topic: "a", text: "b" });
    come(...CONNACK);
    assert.ok(wire.isClosed);
    assert.deepEqual([heard, wire.written.length], [[], 1]);
  });

  test("tells a real broker, which keeps what it is told and says its will when it is gone", {
    skip: NO_MOSQUITTO,
  }, async () => {
    const broker = new Mosquitto(await freePort());
    await broker.start();
    try {
      const said = new Map<string, string>();
      let looking = (): void => {};
      const until = async (holds: () => boolean): Promise<void> => {
        while (!holds())
          await new Promise<void>((resolve) => {
            looking = resolve;
          });
      };
      const listener = connect(`mqtt://127.0.0.1:${broker.port}`);
      listener.on("message", (topic, payload) => {
        said.set(topic, payload.toString());
        looking();
      });
      await listener.subscribeAsync("#");
      const join = (await joinBy())(tcpDialer);
      const heard: string[] = [];
      const link = await new Promise<BrokerLink>((resolve, reject) => {
        const one = join(
          { ...OPTIONS, port: broker.port },
          {
            onReady: () => resolve(one),
            onMessage: (topic, text) => {
              heard.push(`${topic}=${text}`);
              looking();
            },
            onClose: (why) => reject(new Error(why)),
          },
        );
      });
      link.subscribe("homeassistant/status");
      link.publish({ topic: "p/state", text: JSON.stringify({ long: "x".repeat(3500) }) });
      await until(() => said.has("p/state"));
      // Until the subscription holds, a message would pass by.
      while (heard.length === 0) {
        await listener.publishAsync("homeassistant/status", "online");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal(heard[0], "homeassistant/status=online");
      link.close();
      await until(() => said.get("p/availability") === "offline");
      listener.end(true);
    } finally {
      await broker.remove();
    }
  });
});
