// A store on a medium that may lose power at any write.

import type { Store } from "../../shared/kernel/ports";

/** What the medium holds of the write that was under way when power went. */
export type CutKind = "lost" | "torn" | "kept";

export class CutStore implements Store {
  /** Writes and removals since the first start. */
  writes = 0;
  /** Power goes at this many writes from now: 1 is the next one. */
  cutIn: { writes: number; readonly kind: CutKind } | undefined;
  /** True: the medium takes nothing more, as flash that is full or worn. */
  isFull = false;
  /**
   * Names of the records that were refused since their last write that held: what they were to keep
   * is in memory only.
   */
  private readonly behind = new Set<string>();
  /**
   * Tells the holder of the device's power; from then on every port of that life is dead (life.ts).
   */
  onCut: () => void = () => {};
  readonly values = new Map<string, Uint8Array>();

  get isBehind(): boolean {
    return this.behind.size > 0;
  }

  read(key: string): Uint8Array | undefined {
    return this.values.get(key)?.slice();
  }

  write(key: string, value: Uint8Array): void {
    this.change(key, value.slice());
  }

  remove(key: string): void {
    this.change(key, undefined);
  }

  private change(key: string, value: Uint8Array | undefined): void {
    if (this.isFull) {
      this.behind.add(recordOf(key));
      throw new Error("the store is full");
    }
    this.writes += 1;
    const cut = this.cutIn;
    if (cut) cut.writes -= 1;
    const goes = cut !== undefined && cut.writes <= 0;
    if (!goes || cut.kind === "kept") {
      this.put(key, value);
      this.behind.delete(recordOf(key));
    } else if (cut.kind === "torn" && value) this.put(key, torn(value, this.values.get(key)));
    if (!goes) return;
    this.cutIn = undefined;
    this.onCut();
  }

  private put(key: string, value: Uint8Array | undefined): void {
    if (value) this.values.set(key, value);
    else this.values.delete(key);
  }
}

/**
 * A record's keys share its name: `socket.a` and `socket.b` take turns, `socket.c` and `socket.d`
 * count beside them.
 */
function recordOf(key: string): string {
  return key.slice(0, key.lastIndexOf("."));
}

/**
 * The new value's first half over what was there: what a page holds when its programming was cut
 * short.
 */
function torn(value: Uint8Array, before: Uint8Array | undefined): Uint8Array {
  const half = Math.floor(value.length / 2);
  const out = new Uint8Array(Math.max(half, before?.length ?? 0)).fill(0xff);
  if (before) out.set(before);
  out.set(value.subarray(0, half));
  return out;
}
