// A device's durable store: one file, replaced atomically at each write (written beside, then
// renamed). For the cuts of power that the scenarios make, a write can be lost or torn, and the
// power goes in the middle of it.

import { readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * What a cut leaves of the write it hits: nothing, half of its bytes, or all of it with the answer
 * never given.
 */
export type CutMode = "lost" | "torn" | "done";
export const CUT_MODES: readonly CutMode[] = ["lost", "torn", "done"];

export class FileStore {
  readonly #values: Map<string, string>;
  /** Writes so far, removals included, over all restarts. */
  writes = 0;
  /** Asked before each write, with its number from 1: a mode cuts the power there. */
  cutAt: (write: number) => CutMode | undefined = () => undefined;
  /** Cuts the power of the device; must not return to it. */
  onCut: () => void = () => {};

  constructor(readonly path: string) {
    this.#values = new Map(Object.entries(readValues(path)));
  }

  read(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value === undefined ? undefined : Uint8Array.from(Buffer.from(value, "hex"));
  }

  write(key: string, value: Uint8Array): void {
    this.#change(key, Buffer.from(value).toString("hex"));
  }

  remove(key: string): void {
    if (this.#values.has(key)) this.#change(key, undefined);
  }

  /** As it left the factory. */
  clear(): void {
    this.#values.clear();
    this.#save();
  }

  #change(key: string, value: string | undefined): void {
    const cut = this.cutAt(++this.writes);
    const left = cut === "torn" ? value?.slice(0, (value.length >> 2) * 2) : value;
    if (cut !== "lost") {
      if (left === undefined) this.#values.delete(key);
      else this.#values.set(key, left);
      this.#save();
    }
    if (cut) this.onCut();
  }

  #save(): void {
    writeFileSync(`${this.path}.new`, `${JSON.stringify(Object.fromEntries(this.#values), null, 1)}\n`);
    renameSync(`${this.path}.new`, this.path);
  }
}

function readValues(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {}; // A new device.
  }
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    throw new Error(`expected a device's store (JSON) in ${path}; remove the file to start with an empty one`);
  }
}
