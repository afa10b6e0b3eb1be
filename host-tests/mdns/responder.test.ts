// A socket's multicast DNS on a link in virtual time: who gets which name, what is answered to
// whom, and what a neighbour who means harm can make it do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MDNS_PORT, type Message, parseMessage, TYPE } from "../../shared/mdns/message";
import { ALL, addressQuery, announcement, BIT, probe, recordsOf } from "../../shared/mdns/records";
import { chanceOf, device, Link, type Sent } from "./link";

const SECOND = 1000;
/** Probed, announced three times. */
const SETTLED = 6 * SECOND;

function readAll(sent: readonly Sent[]): Message[] {
  return sent.map(({ bytes }) => {
    const message = parseMessage(bytes);
    assert.ok(message);
    return message;
  });
}

const question = (name: string, type: number, unicast = false): Uint8Array => {
  const bytes = addressQuery(0, name);
  bytes[bytes.length - 3] = type;
  bytes[bytes.length - 2] = unicast ? 0x80 : 0;
  return bytes;
};

test("a name that nobody has is asked for three times, announced three times, told, and remembered after a minute", async () => {
  const link = new Link();
  const { responder, told, kept, host } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const sent = readAll(link.sent);
  assert.deepEqual(
    sent.map(({ isResponse }) => isResponse),
    [false, false, false, true, true, true],
  );
  const gaps = link.sent.slice(1).map(({ at }, k) => at - (link.sent[k]?.at ?? 0));
  assert.deepEqual(gaps, [250, 250, 250, 1000, 2000]);
  assert.equal(host(), "plugpay.local");
  assert.equal(told.length, 1);
  assert.deepEqual(kept, []);
  await link.clock.run(60 * SECOND);
  assert.deepEqual(kept, ["plugpay"]);
});

test("a second socket of the same name takes the next one and tells both; the first keeps its own", async () => {
  const link = new Link();
  const first = device(link, "10.0.0.1");
  first.responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const second = device(link, "10.0.0.2");
  second.responder.start("10.0.0.2");
  await link.clock.run(SETTLED);
  assert.equal(first.host(), "plugpay.local");
  assert.deepEqual(second.told, [
    { name: "name-taken", host: "plugpay.local", by: "10.0.0.1", next: "plugpay-2.local" },
    { name: "named", host: "plugpay-2.local", wanted: "plugpay.local" },
  ]);
  assert.equal(first.told.length, 1);
  // After a power cut the second is quicker: it asks for the name that it had.
  second.responder.stop();
  second.leave();
  const again = device(link, "10.0.0.2", { last: "plugpay-2" });
  again.responder.start("10.0.0.2");
  await link.clock.run(SETTLED);
  assert.equal(again.host(), "plugpay-2.local");
});

test("of two that ask at the same moment the one with the later address keeps the name", async () => {
  for (const chance of [() => 0, () => 0.5]) {
    const link = new Link();
    const devices = ["10.0.0.9", "10.0.0.10"].map((address) => device(link, address, { chance }));
    devices[0]?.responder.start("10.0.0.9");
    devices[1]?.responder.start("10.0.0.10");
    await link.clock.run(2 * SETTLED);
    assert.deepEqual(
      devices.map(({ host }) => host()),
      ["plugpay-2.local", "plugpay.local"],
    );
  }
});

test("however many start whenever they like, on however slow a link: in the end each has a name of its own", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const chance = chanceOf(seed);
    const link = new Link(() => 1 + chance() * 40);
    const count = 2 + Math.floor(chance() * 5);
    const devices = Array.from({ length: count }, (_, k) => {
      const address = `10.0.${Math.floor(chance() * 3)}.${k + 1}`;
      const made = device(link, address, { chance });
      link.clock.after(chance() * chance() * 4000, () => made.responder.start(address));
      return made;
    });
    await link.clock.run(60 * SECOND);
    const hosts = devices.map(({ host }) => host());
    assert.ok(
      hosts.every((host) => host !== undefined),
      `seed ${seed}: ${hosts}`,
    );
    assert.equal(new Set(hosts).size, count, `seed ${seed}: ${hosts}`);
    assert.ok(hosts.indexOf("plugpay.local") >= 0, `seed ${seed}: ${hosts}`);
  }
});

test("two whose links are joined later find out at the first answer, and one gives way", async () => {
  let joined = false;
  const link = new Link(() => (joined ? 1 : undefined));
  const one = device(link, "10.0.0.1");
  const other = device(link, "10.0.0.2");
  one.responder.start("10.0.0.1");
  other.responder.start("10.0.0.2");
  await link.clock.run(SETTLED);
  assert.deepEqual([one.host(), other.host()], ["plugpay.local", "plugpay.local"]);
  joined = true;
  const asker = link.join({ address: "10.0.0.3", port: MDNS_PORT }, () => {});
  asker.send(question("plugpay.local", TYPE.A));
  await link.clock.run(2 * SETTLED);
  assert.deepEqual([one.host(), other.host()].sort(), ["plugpay-2.local", "plugpay.local"]);
});

test("a resolver that asks from a port of its own is answered alone, at once, with what it needs to believe it", async () => {
  const link = new Link();
  const { responder } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const heard: Uint8Array[] = [];
  const resolver = link.join({ address: "10.0.0.7", port: 53_211 }, (bytes) => heard.push(bytes));
  link.sent.length = 0;
  resolver.send(addressQuery(0x1234, "plugpay.local"));
  await link.clock.run(10);
  assert.equal(heard.length, 1);
  assert.equal(link.sent.length, 2, "the question, and one answer to one");
  const answer = parseMessage(heard[0] ?? new Uint8Array(0));
  assert.equal(answer?.id, 0x1234);
  assert.equal(answer?.questions.length, 1);
  const [entry] = answer?.answers ?? [];
  assert.ok(entry && answer);
  assert.deepEqual([...answer.bytes.subarray(entry.at, entry.at + 4)], [10, 0, 0, 1]);
  assert.ok(entry.ttl <= 10);
});

test("who asks for an answer alone gets it so, and all hear it where they have not for a while", async () => {
  const link = new Link();
  const { responder } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const asker = link.join({ address: "10.0.0.7", port: MDNS_PORT }, () => {});
  const answers = async (): Promise<("one" | "all")[]> => {
    link.sent.length = 0;
    asker.send(question("plugpay.local", TYPE.A, true));
    await link.clock.run(500);
    return link.sent.slice(1).map(({ to }) => (to ? "one" : "all"));
  };
  assert.deepEqual(await answers(), ["one"]);
  await link.clock.run(31 * SECOND);
  assert.deepEqual(await answers(), ["one", "all"]);
  assert.deepEqual(await answers(), ["one"]);
});

test("the service is found with all that a caller needs; an asker that knows it is not answered", async () => {
  const link = new Link();
  const { responder } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const asker = link.join({ address: "10.0.0.7", port: MDNS_PORT }, () => {});
  link.sent.length = 0;
  asker.send(question("_plugpay._tcp.local", TYPE.PTR));
  await link.clock.run(SECOND);
  assert.equal(link.sent.length, 2);
  const delay = (link.sent[1]?.at ?? 0) - (link.sent[0]?.at ?? 0);
  assert.ok(delay >= 20 && delay <= 122, `others may answer too: ${delay} ms`);
  const answer = readAll(link.sent)[1];
  assert.deepEqual(
    answer?.additionals.map(({ type }) => type),
    [TYPE.A, TYPE.SRV, TYPE.TXT],
  );
  await link.clock.run(SECOND);
  link.sent.length = 0;
  const known = announcement(recordsOf({ name: "plugpay", address: "10.0.0.1", port: 8080 }), BIT.PTR);
  const query = Uint8Array.from([...question("_plugpay._tcp.local", TYPE.PTR), ...known.subarray(12)]);
  query[7] = 1;
  asker.send(query);
  await link.clock.run(SECOND);
  assert.equal(link.sent.length, 1);
});

test("it says goodbye, and what it says itself or an error says is nothing to it", async () => {
  const link = new Link();
  const { responder, told } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  const own = announcement(recordsOf({ name: "plugpay", address: "10.9.9.9", port: 1 }), ALL);
  responder.heard(own, { address: "10.0.0.1", port: MDNS_PORT });
  const wrong = own.slice();
  wrong[3] = 3;
  responder.heard(wrong, { address: "10.0.0.8", port: MDNS_PORT });
  responder.heard(own, { address: "10.0.0.8", port: 9999 });
  await link.clock.run(SETTLED);
  assert.equal(told.length, 1);
  link.sent.length = 0;
  responder.stop();
  assert.deepEqual(
    readAll(link.sent)[0]?.answers.map(({ ttl }) => ttl),
    [0, 0, 0, 0],
  );
  responder.heard(question("plugpay.local", TYPE.A), { address: "10.0.0.8", port: MDNS_PORT });
  await link.clock.run(SETTLED);
  assert.equal(link.sent.length, 1);
});

test("with a new address it asks anew, and keeps its name", async () => {
  const link = new Link();
  const { responder, told } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  link.sent.length = 0;
  responder.start("10.0.0.5");
  await link.clock.run(SETTLED);
  assert.equal(link.sent.length, 6);
  assert.equal(told.length, 1);
  const answer = readAll(link.sent).at(-1);
  const entry = answer?.answers[0];
  assert.ok(answer && entry);
  assert.deepEqual([...answer.bytes.subarray(entry.at, entry.at + 4)], [10, 0, 0, 5]);
});

test("a flood of questions is answered once a second for all, and ten times a second for single askers", async () => {
  const link = new Link();
  const { responder } = device(link, "10.0.0.1");
  responder.start("10.0.0.1");
  await link.clock.run(SETTLED);
  link.sent.length = 0;
  const questions = [
    [question("plugpay.local", TYPE.A), MDNS_PORT],
    [question("_plugpay._tcp.local", TYPE.PTR), MDNS_PORT],
    [question("plugpay.local", TYPE.A, true), MDNS_PORT],
    [addressQuery(1, "plugpay.local"), 40_000],
  ] as const;
  for (let k = 0; k < 10_000; k++) {
    const [bytes, port] = questions[k % 4] ?? questions[0];
    responder.heard(bytes, { address: `10.0.7.${k % 250}`, port });
    await link.clock.run(1);
  }
  const toAll = link.sent.filter(({ to }) => !to).length;
  assert.ok(toAll >= 10 && toAll <= 22, `${toAll} to all`);
  const alone = link.sent.length - toAll;
  assert.ok(alone >= 90 && alone <= 110, `${alone} alone`);
});

test("a neighbour that claims every name makes it rest between names, and it tells no more than that", async () => {
  const link = new Link();
  const { responder, told } = device(link, "10.0.0.1");
  const rogue = link.join({ address: "10.0.0.66", port: MDNS_PORT }, (bytes) => {
    const message = parseMessage(bytes);
    const name = message?.isResponse === false ? message.questions[0]?.name.replace(".local", "") : undefined;
    if (name) rogue.send(announcement(recordsOf({ name, address: "10.0.0.66", port: 80 }), ALL));
  });
  responder.start("10.0.0.1");
  await link.clock.run(100 * SECOND);
  assert.ok(told.length > 10 && told.length < 40, `${told.length}`);
  const probes = link.sent.filter(({ from }) => from.address === "10.0.0.1").length;
  assert.ok(probes < 80, `${probes}`);
  rogue.leave();
  await link.clock.run(10 * SECOND);
  assert.equal(told.at(-1)?.name, "named");
});

test("anything in any order: it never throws, and goes on answering", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const chance = chanceOf(seed);
    const link = new Link();
    const { responder } = device(link, "10.0.0.1", { chance });
    responder.start("10.0.0.1");
    const other = recordsOf({ name: "plugpay", address: "10.0.0.2", port: 8080 });
    const known = [probe(other), announcement(other, ALL), announcement(other, ALL, true)];
    for (let k = 0; k < 300; k++) {
      const bytes = (known[Math.floor(chance() * 8)] ?? question("plugpay.local", TYPE.ANY, chance() < 0.5)).slice();
      if (chance() < 0.5) bytes[Math.floor(chance() * bytes.length)] = Math.floor(chance() * 256);
      responder.heard(bytes, { address: "10.0.0.2", port: chance() < 0.8 ? MDNS_PORT : 4000 });
      await link.clock.run(chance() < 0.1 ? 3000 : chance() * 50);
    }
    await link.clock.run(20 * SECOND);
    link.sent.length = 0;
    responder.heard(question("_plugpay._tcp.local", TYPE.PTR), { address: "10.0.0.2", port: MDNS_PORT });
    await link.clock.run(SECOND);
    assert.equal(link.sent.length, 1, `seed ${seed}`);
  }
});
