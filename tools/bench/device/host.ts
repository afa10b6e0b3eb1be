// What the emulated core's host (native/host.c) gives to the scripts that are measured.

export interface Host {
  print(text: string): void;
  /** Instructions finished by now. */
  instret(): number;
  /**
   * Makes flash of all that exists by now; a fresh heap of so many bytes of chunks and so many
   * slots begins.
   */
  seal(chunkBytes: number, slots: number): void;
  /** Collects garbage; bytes of slots and chunks that are in use then. A new peak starts. */
  heap(): [slots: number, chunks: number];
  /** Most bytes of slots and chunks in use since `heap`. */
  peak(): [slots: number, chunks: number];
  profile(on: boolean): void;
}

declare global {
  var host: Host;
}

/** Instructions that a call of `instret` costs by itself. */
let overhead = 0;

/** Counts one run of `action`, after one that is not counted where `warm` is set. */
export function count<T>(action: () => T): { readonly result: T; readonly cost: number } {
  const before = host.instret();
  const result = action();
  return { result, cost: host.instret() - before - overhead };
}

export function calibrate(): void {
  overhead = 0;
  overhead = count(() => undefined).cost;
}

/** One figure for the benchmark's table. */
export function report(operation: string, cost: number): void {
  host.print(`= ${operation} ${Math.round(cost)}`);
}

export function measure<T>(operation: string, action: () => T): T {
  const { result, cost } = count(action);
  report(operation, cost);
  return result;
}
