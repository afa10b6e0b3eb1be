// What `npm run fuzz` calls, and the plain mutational fuzzing that a target for bytes needs.

import { messageOf } from "../../shared/kernel/message";
export interface Target {
  readonly name: string;
  /**
   * Tries `runs` inputs made from `seed`. Throws at the first that fails; a FuzzFailure carries it.
   */
  fuzz(runs: number, seed: number): void;
  /** Tries an input of the corpus. */
  replay?(input: Uint8Array): void;
}

export function isTarget(module: unknown): module is Target {
  const { name, fuzz } = module as Partial<Target>;
  return typeof name === "string" && typeof fuzz === "function";
}

export class FuzzFailure extends Error {
  constructor(
    readonly input: Uint8Array,
    override readonly cause: unknown,
  ) {
    super(`an input of ${input.length} bytes failed: ${messageOf(cause)}`);
    this.name = "FuzzFailure";
  }
}

/** Numbers from 0 to below `limit`, the same for the same seed (mulberry32; not for secrets). */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/**
 * Gives `check` good inputs with a few mutations: bytes changed, dropped, doubled, pieces of the
 * `dictionary` put in, two inputs spliced. What `check` throws becomes a FuzzFailure with the
 * input, made as short as simple cuts allow.
 */
export function fuzzBytes(options: {
  readonly runs: number;
  readonly seed: number;
  readonly good: readonly Uint8Array[];
  readonly dictionary: readonly Uint8Array[];
  readonly check: (input: Uint8Array) => void;
}): void {
  const { runs, seed, good, dictionary, check } = options;
  const random = randomFrom(seed);
  for (let run = 0; run < runs; run++) {
    let input = pick(good, random);
    for (let i = random(6); i >= 0; i--) input = mutate(input, good, dictionary, random);
    const cause = failureOf(input, check);
    if (cause === undefined) continue;
    const short = shorten(input, check);
    throw new FuzzFailure(short, failureOf(short, check) ?? cause);
  }
}

type Random = (limit: number) => number;

function pick<T>(from: readonly T[], random: Random): T {
  return from[random(from.length)] as T;
}

function mutate(
  input: Uint8Array,
  good: readonly Uint8Array[],
  dictionary: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const at = random(input.length + 1);
  const head = input.subarray(0, at);
  const tail = input.subarray(at);
  switch (random(6)) {
    case 0:
      return join(head, Uint8Array.of(random(256)), tail.subarray(1));
    case 1:
      return join(head, tail.subarray(1 + random(8)));
    case 2:
      return join(head, pick(dictionary, random), tail);
    case 3:
      return join(head, tail.subarray(0, random(40)), tail);
    case 4:
      return join(head, Uint8Array.of((tail[0] ?? 0) ^ (1 << random(8))), tail.subarray(1));
    default: {
      const other = pick(good, random);
      return join(head, other.subarray(random(other.length + 1)));
    }
  }
}

function shorten(input: Uint8Array, check: (input: Uint8Array) => void): Uint8Array {
  let best = input;
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length; ) {
      const shorter = join(best.subarray(0, at), best.subarray(at + size));
      if (failureOf(shorter, check) === undefined) at += size;
      else best = shorter;
    }
  }
  return best;
}

function failureOf(input: Uint8Array, check: (input: Uint8Array) => void): unknown {
  try {
    check(input);
    return undefined;
  } catch (error) {
    return error ?? new Error("threw undefined");
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
