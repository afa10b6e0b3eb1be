// An update as a socket's owner makes it: pushed in pieces, or fetched from a URL.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodyIn, ModelFlash } from "../../lab/model/flash";
import { realEcdsa } from "../../lab/model/signers";
import { MINUTE } from "../../lab/stage/bench";
import type { HttpRequest, HttpResponse } from "../../shared/net/http-client";
import { CHUNK } from "../../shared/owner/update";
import { signedFile } from "../../shared/update/pull";
import { HERE, manifestOf, NEW, OLD, PUBLIC, signed, Updating } from "../update/stage";
import { owned } from "./owned";

const SLOT = 5 * 4096;

function updatable(answer: (request: HttpRequest) => Promise<HttpResponse> = () => Promise.reject(new Error("away"))) {
  const flash = new ModelFlash(OLD, SLOT);
  flash.boot();
  const settings = { updateKey: PUBLIC, updateUrl: "http://10.0.0.5/images/socket.bin" };
  const ports = { slots: flash.slots(), ecdsa: realEcdsa, here: () => HERE, request: answer };
  return { ...owned({}, undefined, ports, settings), flash };
}

describe("an update that is pushed", () => {
  test("settles the session first, opens the relay, and starts anew as the new image", async () => {
    const { bench, socket, flash } = updatable();
    await bench.clock.run(2 * MINUTE);
    assert.ok(bench.circuit.socket.read().closed);
    const begun = socket.get("update.begin", signed(manifestOf(NEW)), "http");
    await bench.clock.run(MINUTE / 4);
    assert.deepEqual(await begun, { version: "0.2.0", size: NEW.length, chunk: CHUNK });
    assert.equal(bench.circuit.socket.read().closed, false);
    assert.equal(bench.socket.record.session, undefined, bench.story());
    for (let offset = 0; offset < NEW.length; offset += CHUNK) {
      const data = Buffer.from(NEW.subarray(offset, offset + CHUNK)).toString("base64");
      const { next } = await socket.get("update.write", { offset, data }, "http");
      assert.equal(next, Math.min(NEW.length, offset + CHUNK));
    }
    const { update } = await socket.get("status");
    assert.deepEqual(update, { image: "confirmed", room: SLOT, version: "0.2.0", bytes: NEW.length, size: NEW.length });
    assert.deepEqual(await socket.get("update.finish", {}, "http"), { restarts: true, version: "0.2.0" });
    await bench.clock.run(MINUTE / 4);
    assert.equal(socket.restarts, 1);
    assert.deepEqual(flash.boot(), bodyIn(NEW));
  });

  test("runs alone: while it does, nothing but status and events is answered", async () => {
    const { bench, socket } = updatable();
    const begun = socket.get("update.begin", signed(manifestOf(NEW)));
    await bench.clock.run(MINUTE / 4);
    await begun;
    for (const method of ["settings.get", "sessions", "forgive", "clear", "identify"])
      assert.match((await socket.ask(method)).error?.data.why ?? "", /an update is under way, and runs alone/, method);
    await socket.get("status");
    await socket.get("events");
  });

  test("costs nothing of a running session while it is refused", async () => {
    const { bench, socket } = updatable();
    await bench.clock.run(2 * MINUTE);
    const { session } = bench.socket.record;
    for (const params of [
      signed(manifestOf(NEW, { version: "0.0.1" })),
      signed(manifestOf(NEW, { chip: "ESP32" })),
      { ...signed(manifestOf(NEW)), signature: "3006020101020101" },
      { manifest: "{}", signature: "" },
      {},
    ])
      assert.ok((await socket.ask("update.begin", params)).error);
    assert.ok((await socket.ask("update.write", { offset: 0, data: "AAAA" })).error);
    assert.ok((await socket.ask("update.finish")).error);
    await bench.clock.run(MINUTE);
    assert.equal(bench.socket.record.session?.id, session?.id);
    assert.ok(bench.circuit.socket.read().closed, bench.story());
  });

  test("of an older version is said twice over the serial port only: in the middle of a link somebody could", async () => {
    const { bench, socket } = updatable();
    const older = { ...signed(manifestOf(NEW, { version: "0.0.1" })), confirm: "anyway" };
    assert.equal((await socket.ask("update.begin", older, "http")).error?.code, -32001);
    const begun = socket.get("update.begin", older, "serial");
    await bench.clock.run(MINUTE / 4);
    assert.equal((await begun).version, "0.0.1");
  });

  test("that stops in the middle is given up after a minute, and the device starts as it was", async () => {
    const { bench, socket, flash } = updatable();
    const begun = socket.get("update.begin", signed(manifestOf(NEW)));
    await bench.clock.run(MINUTE / 4);
    await begun;
    await socket.get("update.write", { offset: 0, data: Buffer.from(NEW.subarray(0, 2000)).toString("base64") });
    await bench.clock.run(2 * MINUTE);
    assert.equal(socket.restarts, 1);
    assert.ok(socket.told.includes("update-failed"));
    assert.deepEqual(flash.boot(), bodyIn(OLD));
  });
});

describe("an image on trial", () => {
  test("lets its owner see, and change nothing", async () => {
    const { socket, flash } = updatable();
    await new Updating(flash).take(NEW);
    flash.boot();
    assert.equal((await socket.get("status")).update.image, "trial");
    await socket.get("settings.get");
    for (const [method, params] of [
      ["settings.set", { settings: { price: 1 } }],
      ["forgive", {}],
      ["reset", {}],
      ["seed.show", {}],
      ["update.begin", signed(manifestOf(NEW))],
    ] as const)
      assert.match((await socket.ask(method, params)).error?.data.why ?? "", /^a new image is on trial/, method);
  });
});

describe("an update that is fetched", () => {
  const image = NEW;
  const file = signedFile(signed(manifestOf(image)));

  function server(break_ = 0) {
    const asked: string[] = [];
    let left = break_;
    const answer = async (request: HttpRequest): Promise<HttpResponse> => {
      asked.push(request.path);
      const headers = new Map();
      if (request.path.endsWith(".manifest"))
        return { status: 200, headers, body: new TextEncoder().encode(file) } as never;
      const end = left-- > 0 ? 5000 : image.length;
      for (let at = 0; at < end; at += 1400) request.onChunk?.(image.subarray(at, Math.min(at + 1400, end)));
      if (end < image.length) throw new Error("the connection broke");
      return { status: 200, headers, body: new Uint8Array(0) } as never;
    };
    return { asked, answer };
  }

  test("comes from the URL, its manifest from beside it, and begins again where the connection breaks", async () => {
    const { asked, answer } = server(2);
    const { bench, socket, flash } = updatable(answer);
    assert.equal(socket.owner.isUpdating, false);
    const begun = socket.get("update.pull", {}, "http");
    await bench.clock.run(MINUTE);
    assert.deepEqual(await begun, { version: "0.2.0", size: image.length });
    assert.equal(socket.owner.isUpdating, true, "a broker of MQTT is left meanwhile");
    const path = "/images/socket.bin";
    assert.deepEqual(asked, [`${path}.manifest`, path, path, path]);
    assert.equal(socket.restarts, 1);
    assert.deepEqual(flash.boot(), bodyIn(image));
  });

  test("is given up after the third time, and the device starts as it was", async () => {
    const { answer } = server(3);
    const { bench, socket, flash } = updatable(answer);
    const begun = socket.get("update.pull");
    await bench.clock.run(MINUTE);
    await begun;
    assert.equal(socket.restarts, 1);
    assert.deepEqual(flash.boot(), bodyIn(OLD));
  });

  test("settles nothing where there is no manifest, or one that nobody signed", async () => {
    for (const body of ["", "not found", "00\n{}\n"]) {
      const { bench, socket } = updatable(
        async () => ({ status: 200, headers: new Map(), body: new TextEncoder().encode(body) }) as never,
      );
      await bench.clock.run(2 * MINUTE);
      const { error } = await socket.ask("update.pull");
      assert.ok(error, body);
      await bench.clock.run(MINUTE);
      assert.equal(socket.restarts, 0);
      assert.ok(bench.socket.record.session, "the session goes on");
    }
  });
});
