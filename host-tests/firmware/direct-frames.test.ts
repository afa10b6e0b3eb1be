// What reaches a device on a direct link: at the socket's access point the cables' port and nothing
// else of it; at the cable the socket and nobody else, though the radio passes on what other
// clients send.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "plugpay-frames-"));
const program = join(folder, "frames");
after(() => rmSync(folder, { recursive: true, force: true }));

before(() => {
  execFileSync(process.env.CC ?? "cc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    ...["-o", program, `-I${join(ROOT, "firmware/native")}`],
    ...[join(import.meta.dirname, "direct-frames.c"), join(ROOT, "firmware/native/direct-frames.c")],
  ]);
});

const SOCKET = { mac: "02504c550001", ip: "169.254.80.80" };
const CABLE = { mac: "02504c550009", ip: "169.254.17.34" };
const OTHER = { mac: "02504c5500ee", ip: "169.254.7.7" };
const ALL = "ffffffffffff";
const NOBODY = "0.0.0.0";

const hex = (number: number, bytes: number): string => number.toString(16).padStart(2 * bytes, "0");
const ip = (text: string): string =>
  text
    .split(".")
    .map((part) => hex(Number(part), 1))
    .join("");

interface Arp {
  readonly to: string;
  readonly from: string;
  /** What it says itself of who sends it, where that is another. */
  readonly mac?: string;
  readonly sender: string;
  readonly target: string;
  readonly operation?: number;
}

function arp({ to, from, mac = from, sender, target, operation = 1 }: Arp): string {
  return `${to}${from}08060001080006040${hex(operation, 2).slice(1)}${mac}${ip(sender)}${"00".repeat(6)}${ip(target)}`;
}

interface Tcp {
  readonly to: string;
  readonly from: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [from: number, to: number];
  readonly protocol?: number;
  readonly fragment?: number;
  readonly total?: number;
  readonly version?: number;
}

function tcp({
  to,
  from,
  source,
  destination,
  ports,
  protocol = 6,
  fragment = 0,
  total = 40,
  version = 0x45,
}: Tcp): string {
  const head = `${hex(version, 1)}00${hex(total, 2)}0000${hex(fragment, 2)}40${hex(protocol, 1)}0000`;
  return `${to}${from}0800${head}${ip(source)}${ip(destination)}${hex(ports[0], 2)}${hex(ports[1], 2)}${"00".repeat(16)}`;
}

function taken(who: "socket" | "cable" | "bare" | "dispute", frames: Readonly<Record<string, string>>): string[] {
  const input = Object.values(frames).map((frame) => `${who} ${frame || "-"}\n`);
  const answers = execFileSync(program, { input: input.join(""), encoding: "utf8" })
    .trim()
    .split("\n");
  return Object.keys(frames).filter((_, i) => answers[i] === "1");
}

const CALL: Tcp = {
  to: SOCKET.mac,
  from: CABLE.mac,
  source: CABLE.ip,
  destination: SOCKET.ip,
  ports: [50_000, 8080],
};
const ANSWER: Tcp = {
  to: CABLE.mac,
  from: SOCKET.mac,
  source: SOCKET.ip,
  destination: CABLE.ip,
  ports: [8080, 50_000],
};

test("an access point shows its clients the cables' port, and who has its address", () => {
  const frames = {
    call: tcp(CALL),
    "who has it": arp({ to: ALL, from: CABLE.mac, sender: CABLE.ip, target: SOCKET.ip }),
    "is it free": arp({ to: ALL, from: CABLE.mac, sender: NOBODY, target: SOCKET.ip }),
    "here I am": arp({ to: SOCKET.mac, from: CABLE.mac, sender: CABLE.ip, target: SOCKET.ip, operation: 2 }),
  };
  assert.deepEqual(taken("socket", frames), Object.keys(frames));
});

test("an access point takes no other port, no datagram, ping, multicast, IPv6 or fragment, and nothing for another address", () => {
  const frames = {
    "another port": tcp({ ...CALL, ports: [50_000, 80] }),
    datagram: tcp({ ...CALL, protocol: 17 }),
    "DNS to all": tcp({ ...CALL, to: ALL, destination: "255.255.255.255", protocol: 17, ports: [68, 67] }),
    ping: tcp({ ...CALL, protocol: 1 }),
    "multicast DNS": tcp({
      ...CALL,
      to: "01005e0000fb",
      destination: "224.0.0.251",
      protocol: 17,
      ports: [5353, 5353],
    }),
    "TCP to all": tcp({ ...CALL, to: ALL }),
    IPv6: `${SOCKET.mac}${CABLE.mac}86dd${"00".repeat(60)}`,
    "first fragment": tcp({ ...CALL, fragment: 0x2000 }),
    "later fragment": tcp({ ...CALL, fragment: 1 }),
    "the house's address of it": tcp({ ...CALL, destination: "192.168.1.20" }),
    "an address behind it": tcp({ ...CALL, destination: "8.8.8.8" }),
    "of the house's network": tcp({ ...CALL, source: "192.168.1.7" }),
    "of its own address": tcp({ ...CALL, source: SOCKET.ip }),
    "of its own radio": tcp({ ...CALL, from: SOCKET.mac }),
    "for another client": tcp({ ...CALL, to: OTHER.mac }),
    "longer than it is": tcp({ ...CALL, total: 41 }),
    "too short for TCP": tcp({ ...CALL, total: 39 }),
    "of another version": tcp({ ...CALL, version: 0x65 }),
    "with a short header": tcp({ ...CALL, version: 0x44 }),
    "who has another": arp({ to: ALL, from: CABLE.mac, sender: CABLE.ip, target: OTHER.ip }),
    "who has it, of the house": arp({ to: ALL, from: CABLE.mac, sender: "192.168.1.7", target: SOCKET.ip }),
    "I have yours": arp({ to: ALL, from: OTHER.mac, sender: SOCKET.ip, target: SOCKET.ip }),
    "for another's radio": arp({ to: ALL, from: OTHER.mac, mac: CABLE.mac, sender: CABLE.ip, target: SOCKET.ip }),
    "neither question nor answer": arp({ to: ALL, from: CABLE.mac, sender: CABLE.ip, target: SOCKET.ip, operation: 3 }),
    nothing: "",
    "a head alone": `${SOCKET.mac}${CABLE.mac}0800`,
  };
  assert.deepEqual(taken("socket", frames), []);
});

test("a cable hears the socket of the access point that it has joined", () => {
  const frames = {
    answer: tcp(ANSWER),
    "here I am": arp({ to: CABLE.mac, from: SOCKET.mac, sender: SOCKET.ip, target: CABLE.ip, operation: 2 }),
    "who has yours": arp({ to: ALL, from: SOCKET.mac, sender: SOCKET.ip, target: CABLE.ip }),
    "another asks whether it is free": arp({ to: ALL, from: OTHER.mac, sender: NOBODY, target: CABLE.ip }),
  };
  assert.deepEqual(taken("cable", frames), Object.keys(frames));
  assert.deepEqual(taken("bare", frames), [], "nothing before it has an address");
});

test("a cable hears no other client, whatever that one says it is", () => {
  const frames = {
    "a segment in the socket's name": tcp({ ...ANSWER, from: OTHER.mac }),
    "I have the socket's address": arp({
      to: CABLE.mac,
      from: OTHER.mac,
      sender: SOCKET.ip,
      target: CABLE.ip,
      operation: 2,
    }),
    "... to all": arp({ to: ALL, from: OTHER.mac, sender: SOCKET.ip, target: SOCKET.ip }),
    "a call": tcp({ ...CALL, to: CABLE.mac, from: OTHER.mac, destination: CABLE.ip }),
    "of another port": tcp({ ...ANSWER, ports: [80, 50_000] }),
    "of another address": tcp({ ...ANSWER, source: OTHER.ip }),
    "for another": tcp({ ...ANSWER, destination: OTHER.ip }),
    "an answer of nobody": arp({ to: CABLE.mac, from: OTHER.mac, sender: NOBODY, target: CABLE.ip, operation: 2 }),
  };
  assert.deepEqual(taken("cable", frames), []);
});

test("an address is disputed by whoever has it, or asks for it at the same time, and by nobody else", () => {
  const frames = {
    "I have it": arp({ to: CABLE.mac, from: OTHER.mac, sender: CABLE.ip, target: NOBODY, operation: 2 }),
    "I have it, to all": arp({ to: ALL, from: OTHER.mac, sender: CABLE.ip, target: CABLE.ip }),
    "is it free": arp({ to: ALL, from: OTHER.mac, sender: NOBODY, target: CABLE.ip }),
  };
  assert.deepEqual(taken("dispute", frames), Object.keys(frames));
  const others = {
    "its own question, passed on": arp({ to: ALL, from: CABLE.mac, sender: NOBODY, target: CABLE.ip }),
    "who has it": arp({ to: ALL, from: SOCKET.mac, sender: SOCKET.ip, target: CABLE.ip }),
    "another is free": arp({ to: ALL, from: OTHER.mac, sender: NOBODY, target: OTHER.ip }),
    answer: tcp(ANSWER),
  };
  assert.deepEqual(taken("dispute", others), []);
});

test("frames changed at random are read within their length, and what is taken of them is what may be", () => {
  const out = execFileSync(program, { input: "fuzz 20261127 100000\n", encoding: "utf8", timeout: 60_000 });
  assert.equal(out.trim(), "some taken");
});
