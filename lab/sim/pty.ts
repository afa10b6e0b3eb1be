// A simulated device's serial port as a pseudo-terminal, for programs that open one: npm run owner,
// npm run monitor.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./options";

export interface Pty {
  write(bytes: Uint8Array): void;
  close(): void;
}

/**
 * Opens one that is found under `name`, and tells what is typed there. Rejects where that cannot
 * be.
 */
export async function openPty(name: string, onTyped: (bytes: Uint8Array) => void): Promise<Pty> {
  if (existsSync(name)) throw new UsageError(`--owner-serial: expected a name that is free, ${name} is there already`);
  const child = spawn("python3", [join(import.meta.dirname, "terminal.py"), name], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    let told = "";
    child.stderr.on("data", (data: Buffer) => {
      told += data;
      if (told.includes("ready\n")) resolve();
    });
    child.once("error", () => reject(new Error("--owner-serial wants python3")));
    child.once("close", () => reject(new Error(`--owner-serial ${name}: ${told.trim().split("\n").at(-1)}`)));
  });
  child.stdout.on("data", (data: Buffer) => onTyped(data));
  return {
    write: (bytes) => void child.stdin.write(bytes),
    close: () => void child.stdin.end(),
  };
}
