// The crowd (crowd.c) around the sockets of a device (firmware/native/sockets.c), compiled for this
// machine.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const CORE = join(ROOT, "firmware/native/sockets.c");

/** Calls of the system that fail on request. */
const FAILING = [
  ...["accept", "recv", "send", "socket", "select", "shutdown", "getsockopt"],
  ...["recvfrom", "sendto", "setsockopt"],
];
const SANITIZERS = { memory: "address,undefined", threads: "thread" };

/** Neighbours have addresses of their own on loopback, which other systems lack. */
export const SKIP = process.platform === "linux" ? false : "wants Linux's loopback and linker";

export interface Crowd {
  /** Undefined where the scene went well, else what it said. */
  play(...scene: string[]): string | undefined;
  scenes(): string[];
  remove(): void;
}

/** `broken`: one text of the core and what stands there instead. */
export function gather(
  broken?: readonly [text: string, instead: string],
  sanitizer: keyof typeof SANITIZERS = "memory",
): Crowd {
  const folder = mkdtempSync(join(tmpdir(), "plugpay-sockets-"));
  const program = join(folder, "crowd");
  const core = join(folder, "core.c");
  const source = readFileSync(CORE, "utf8");
  if (broken && source.split(broken[0]).length !== 2) throw new Error(`expected this once in sockets.c: ${broken[0]}`);
  writeFileSync(core, broken ? source.replace(broken[0], () => broken[1]) : source);
  execFileSync(process.env.CC ?? "cc", [
    ...["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", ...(broken ? [] : ["-Werror"]), "-pthread"],
    ...[`-fsanitize=${SANITIZERS[sanitizer]}`, "-fno-sanitize-recover=all"],
    ...[`-I${join(ROOT, "firmware/native")}`, "-o", program, join(import.meta.dirname, "crowd.c"), core],
    ...FAILING.map((call) => `-Wl,--wrap=${call}`),
  ]);
  return {
    play(...scene) {
      const { status, signal, stderr } = spawnSync(program, scene, { encoding: "utf8", timeout: 120_000 });
      return status === 0 ? undefined : `${stderr}${signal ?? ""} (status ${status})`;
    },
    scenes: () => execFileSync(program, { encoding: "utf8" }).trim().split("\n"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
