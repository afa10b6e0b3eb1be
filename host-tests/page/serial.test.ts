// The way to a device on USB, without a browser: over a port that is made of streams.

import assert from "node:assert/strict";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { type Port, SerialWay } from "../../page/serial";
import { WayError } from "../../page/way";
import { buildPage } from "../../tools/page/build";
import { servePage } from "../../tools/page/serve";

const REQUEST = '{"jsonrpc":"2.0","id":7,"method":"status"}';
const ANSWER = '{"jsonrpc":"2.0","id":7,"result":{"state":"standby"}}';
const STORY = '{"name":"block","height":5}\n';

/** What has been asked for is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

class FakePort implements Port {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  written = "";
  opened = 0;
  canOpen = true;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  async open({ baudRate }: { baudRate: number }): Promise<void> {
    if (!this.canOpen) throw new Error("Failed to open serial port.");
    assert.equal(baudRate, 115_200);
    this.opened++;
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    this.writable = new WritableStream({
      write: (bytes) => {
        this.written += new TextDecoder().decode(bytes);
      },
    });
  }

  async close(): Promise<void> {
    throw new Error("The port is already closed.");
  }

  async says(line: string): Promise<void> {
    this.#controller?.enqueue(new TextEncoder().encode(line));
    await settled();
  }

  async pull(): Promise<void> {
    this.#controller?.error(new Error("The device has been lost."));
    await settled();
  }
}

function begin() {
  const port = new FakePort();
  const waiting: { at: number; action: () => void }[] = [];
  let now = 0;
  let boots = 0;
  const way = new SerialWay({
    port,
    timers: {
      now: () => now,
      after(delay, action) {
        const entry = { at: now + delay, action };
        waiting.push(entry);
        return () => void waiting.splice(0, waiting.length, ...waiting.filter((each) => each !== entry));
      },
    },
    onBoot: () => boots++,
  });
  const pass = async (time: number): Promise<void> => {
    now += time;
    for (const { action } of waiting.filter(({ at }) => at <= now)) action();
    await settled();
  };
  return { port, way, pass, boots: () => boots };
}

async function asking() {
  const all = begin();
  const answer = all.way.send(REQUEST);
  // A test looks at its rejection later; until then nobody listens to it.
  answer.catch(() => {});
  await settled();
  return { ...all, answer };
}

const isLost = (error: unknown) => error instanceof WayError && error.problem === "lost";

describe("the way over USB", () => {
  test("asks in a line of its own, and finds the answer among the lines of the story", async () => {
    const { port, answer } = await asking();
    assert.equal(port.written, `\n${REQUEST}\n`);
    await port.says(`th half a line\n${STORY}${ANSWER.slice(0, 20)}`);
    await port.says(`${ANSWER.slice(20)}\n${STORY}`);
    assert.equal(await answer, ANSWER);
  });

  test("takes no answer to what somebody else asked", async () => {
    const { port, answer } = await asking();
    await port.says('{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}\n{"jsonrpc":"2.0","id":6,"result":1}\n');
    await port.says(`${ANSWER}\n`);
    assert.equal(await answer, ANSWER);
  });

  test("asks one thing after the other, and a batch as one", async () => {
    const { port, way, answer } = await asking();
    const batch = way.send(`[${REQUEST},${REQUEST.replace("7", "8")}]`);
    await settled();
    assert.equal(port.written, `\n${REQUEST}\n`);
    await port.says(`${ANSWER}\n`);
    await answer;
    const both = `[${ANSWER},${ANSWER.replace("7", "8")}]`;
    await port.says(`${both}\n`);
    assert.equal(await batch, both);
    assert.equal(port.opened, 1);
  });

  test("a board that has just started is told of, and asked again", async () => {
    const { port, answer, pass, boots } = await asking();
    await port.says('{"name":"boot","device":"socket"}\n');
    assert.equal(boots(), 1);
    await pass(3000);
    assert.equal(port.written, `\n${REQUEST}\n\n${REQUEST}\n`);
    await port.says(`${ANSWER}\n`);
    assert.equal(await answer, ANSWER);
  });

  test("a device that does not answer is lost after twenty seconds", async () => {
    const { answer, pass, way, port } = await asking();
    await pass(20_000);
    await assert.rejects(answer, isLost);
    const next = way.send(REQUEST);
    await settled();
    await port.says(`${ANSWER}\n`);
    assert.equal(await next, ANSWER, "the next question is a new one");
  });

  test("a cord that is pulled ends what is asked, and the port is opened anew once it is back", async () => {
    const { answer, port, way } = await asking();
    port.canOpen = false;
    await port.pull();
    await assert.rejects(answer, isLost);
    await assert.rejects(way.send(REQUEST), isLost);
    port.canOpen = true;
    const next = way.send(REQUEST);
    await settled();
    await port.says(`${ANSWER}\n`);
    assert.equal(await next, ANSWER);
    assert.equal(port.opened, 2);
  });

  test("noise without an end is not kept", async () => {
    const { answer, port } = await asking();
    for (let n = 0; n < 20; n++) await port.says("x".repeat(10_000));
    await port.says(`\n${ANSWER}\n`);
    assert.equal(await answer, ANSWER);
  });
});

test("npm run page serves it on localhost by that name only; the page asks nobody over the network", async () => {
  const served = await servePage(0);
  const { port } = new URL(served.url);
  const ask = async (host: string, path = "/") => {
    const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) =>
      get({ port, path, host: "127.0.0.1", headers: { Host: host } }, resolve).once("error", reject),
    );
    return { status: answer.statusCode, policy: answer.headers["content-security-policy"], body: await text(answer) };
  };
  try {
    const { policy } = await buildPage("usb");
    const page = await ask(`localhost:${port}`);
    assert.deepEqual([page.status, page.policy], [200, policy]);
    assert.match(policy, /connect-src 'none'/);
    assert.equal((await ask("evil.example")).status, 421);
    assert.equal((await ask(`127.0.0.1:${port}`, "/else")).status, 404);
  } finally {
    served.close();
  }
});
