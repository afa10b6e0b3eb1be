// One build at a time: all images share a folder of the SDK's output, and two makes in it would
// spoil each other's files.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 500;

/**
 * Waits until no other process holds `path`, saying so once, and holds it as long as this process
 * lives. The file has the holder's process number; one that a dead process left behind is taken
 * over.
 */
export async function hold(path: string, say: (line: string) => void = console.log): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}`);
  try {
    for (let said = false; !taken(mine, path); said = true) {
      const holder = holderOf(path);
      if (holder === undefined) continue;
      if (!isAlive(holder)) {
        if (holderOf(path) === holder) rmSync(path, { force: true });
        continue;
      }
      if (!said) say(`Another build is at work (process ${holder}); this one goes on when it is done.`);
      await pause(POLL_MS);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  process.once("exit", () => {
    if (holderOf(path) === process.pid) rmSync(path, { force: true });
  });
}

/** A link to a file that is complete: the lock never exists without its holder's number. */
function taken(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return holderOf(path) === process.pid;
    throw error;
  }
}

function holderOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined; // given back in the meantime
  }
}

function isAlive(holder: number): boolean {
  try {
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
