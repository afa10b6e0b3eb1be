// Finding a socket by its name: the first answer is not believed before others had a moment, and
// two that differ are told, not paid.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type AskerOptions, askAddress } from "../../shared/mdns/asker";
import { MDNS_PORT, parseMessage } from "../../shared/mdns/message";
import { BIT, legacyAnswer, recordsOf } from "../../shared/mdns/records";
import { chanceOf, device, Link } from "./link";

const CABLE = { address: "10.0.0.50", port: 51_000 };

function asking(link: Link): { ask: (host: string) => Promise<string>; disputes: string[]; open: () => number } {
  const disputes: string[] = [];
  let ports = 0;
  const options: AskerOptions = {
    clock: link.clock,
    chance: chanceOf(3),
    open: (onHeard) => {
      ports++;
      const { send, leave } = link.join(CABLE, onHeard);
      return {
        send: (bytes) => send(bytes),
        close: () => {
          ports--;
          leave();
        },
      };
    },
    onDispute: (host, addresses) => disputes.push(`${host}: ${addresses.join(" ")}`),
  };
  return { ask: (host) => askAddress(host, options), disputes, open: () => ports };
}

/** Answers what it is asked with `address`, `delay` later, whoever has the name. */
function liar(link: Link, at: string, address: string, delay: number, changed?: (bytes: Uint8Array) => void): void {
  const { send } = link.join({ address: at, port: MDNS_PORT }, (bytes, from) => {
    const query = parseMessage(bytes);
    if (!query || query.isResponse) return;
    const answer = legacyAnswer(recordsOf({ name: "plugpay", address, port: 8080 }), BIT.A, query.id, query.questions);
    changed?.(answer);
    link.clock.after(delay, () => send(answer, from));
  });
}

test("a cable finds the socket by its name, whichever case it is written in", async () => {
  const link = new Link(() => 5);
  const { responder } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(6000);
  const { ask, open } = asking(link);
  const began = link.clock.now();
  assert.equal(await link.clock.finish(ask("PlugPay.local")), "10.0.0.1");
  assert.ok(link.clock.now() - began <= 320);
  await link.clock.run(5000);
  assert.equal(open(), 0);
});

test("two that answer to one name are told, and neither is called", async () => {
  const link = new Link();
  liar(link, "10.0.0.1", "10.0.0.1", 0);
  liar(link, "10.0.0.2", "10.0.0.2", 250);
  const { ask, open } = asking(link);
  await assert.rejects(link.clock.finish(ask("plugpay.local")), /10\.0\.0\.1 and 10\.0\.0\.2 both answer/);
  assert.equal(open(), 0);
});

test("a second answer that comes late is told; one that says the same is none", async () => {
  const link = new Link();
  liar(link, "10.0.0.1", "10.0.0.1", 0);
  liar(link, "10.0.0.3", "10.0.0.1", 100);
  liar(link, "10.0.0.2", "10.0.0.2", 1500);
  const { ask, disputes, open } = asking(link);
  assert.equal(await link.clock.finish(ask("plugpay.local")), "10.0.0.1");
  await link.clock.run(5000);
  assert.deepEqual(disputes, ["plugpay.local: 10.0.0.1 10.0.0.2"]);
  assert.equal(open(), 0);
});

test("a question that was lost is asked again, and one that nobody answers ends", async () => {
  let lost = 2;
  const link = new Link(() => (lost-- > 0 ? undefined : 1));
  liar(link, "10.0.0.1", "10.0.0.1", 0);
  const { ask, open } = asking(link);
  assert.equal(await link.clock.finish(ask("plugpay.local")), "10.0.0.1");
  await link.clock.run(5000);
  const alone = new Link();
  const nobody = asking(alone);
  await assert.rejects(alone.clock.finish(nobody.ask("plugpay.local")), /nobody answers/);
  assert.equal(alone.sent.length, 3);
  assert.equal(open() + nobody.open(), 0);
});

test("what is no answer to this question is none: another number, another name, a goodbye, a question", async () => {
  for (const spoil of [
    (bytes: Uint8Array) => bytes.set([(bytes[0] ?? 0) ^ 1], 0),
    (bytes: Uint8Array) => bytes.set([0], 2),
    (bytes: Uint8Array) => bytes.set([0x78], bytes.length - 28),
    (bytes: Uint8Array) => bytes.set([0], bytes.length - 7),
  ]) {
    const link = new Link();
    liar(link, "10.0.0.2", "10.0.0.2", 0, (bytes) => void spoil(bytes));
    const { ask } = asking(link);
    await assert.rejects(link.clock.finish(ask("plugpay.local")), /nobody answers/);
  }
});

test("without a link it fails as other calls do", async () => {
  const link = new Link();
  const open = (): never => {
    throw new Error("no way there");
  };
  await assert.rejects(
    askAddress("plugpay.local", { clock: link.clock, chance: () => 0, open, onDispute: () => {} }),
    /no way there/,
  );
});
