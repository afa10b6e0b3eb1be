// Fuzzes the journal's reader: whatever two slots hold, a device starts, reads the newest whole
// record or none, tells about the rest, and can write again. Whole records with a part that is not
// what a device would write are fuzzed too: each is set aside, or a socket and a cable start on it.
//
// An input of the corpus is a slot's bytes.

import { encodeSlot, Journal } from "../../shared/journal/journal";
import { integer, object } from "../../shared/kernel/shape";
import { SeededRandom } from "../model/random";
import { CutStore } from "../model/store";
import type { FuzzResult } from "./audit";
import { RECORDS, startOn } from "./journal-devices";
import { FuzzFailure } from "./target";

export const name = "journal";

interface Small {
  readonly a: number;
  readonly b: number;
}

const small = object<Small>({ a: integer, b: integer });

/** Throws an Error with the case in it at the first violation. */
export function fuzz(runs: number, seed: number): FuzzResult {
  const outcomes: Record<string, number> = {};
  const random = new SeededRandom(seed);
  for (let i = 0; i < runs; i++) {
    const outcome = i % 3 === 0 ? tryShape(random) : tryDamage(random);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { runs, outcomes };
}

/** Some states written, then damage, then a start. */
function tryDamage(random: SeededRandom): string {
  const store = new CutStore();
  const written: string[] = [];
  const journal = smallJournal(store, []);
  for (let i = random.integer(0, 5); i > 0; i--) {
    const state: Small = { a: random.next(), b: i };
    journal.save(state);
    written.push(JSON.stringify(state));
  }
  const damaged = random.integer(0, 2);
  const keys = [...store.values.keys()];
  for (const key of keys.slice(0, damaged))
    store.values.set(key, damage(random, store.values.get(key) ?? new Uint8Array()));
  const told: string[] = [];
  const again = smallJournal(store, told);
  const found = again.load();
  if (found && !written.includes(JSON.stringify(found)))
    throw new Error(`the journal read a state that nobody wrote: ${JSON.stringify(found)} of ${written.join(" ")}`);
  if (written.length >= 2 && damaged < 2 && !found) throw new Error("the journal lost both slots though one was whole");
  if (damaged === 0 && JSON.stringify(found) !== written.at(-1))
    throw new Error("the journal did not read its newest state");
  const next: Small = { a: 1, b: -1 };
  again.save(next);
  if (JSON.stringify(smallJournal(store, []).load()) !== JSON.stringify(next))
    throw new Error(`after damage the journal did not keep what was written: ${keys.join(" ")}`);
  return found ? (told.length > 0 ? "older or other slot used" : "read") : "started anew";
}

function smallJournal(store: CutStore, told: string[]): Journal<Small> {
  return new Journal<Small>({
    store,
    name: "fuzz",
    version: 1,
    parse: small,
    report: (event) => told.push(event.name),
  });
}

/** Starts both devices on a slot. Throws at the first that fails. */
export function replay(slot: Uint8Array): void {
  for (const device of ["socket", "cable"] as const) startOn(device, slot);
}

/** Records that are whole but not what a device would write. */
function tryShape(random: SeededRandom): string {
  const device = random.pick(["socket", "cable"] as const);
  let record: unknown = RECORDS[device];
  for (let i = random.integer(0, 2); i >= 0; i--) record = spoiled(random, record);
  const slot = encodeSlot(1, 1, JSON.stringify(record) ?? "null");
  try {
    return startOn(device, slot) ? "shape read" : "shape refused";
  } catch (error) {
    throw new FuzzFailure(slot, error);
  }
}

const LEAVES = [null, true, -1, 0, 1, 1.5, 2 ** 52, 2 ** 60, "", "00", "zz", "standby", "lockout", "basic", [], {}];

/** `value` with one part of it, however deep, changed, doubled or taken away. */
function spoiled(random: SeededRandom, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random.oneIn(12)) return random.pick(LEAVES);
  if (Array.isArray(value)) {
    const at = random.integer(0, Math.max(0, value.length - 1));
    if (value.length === 0 || random.oneIn(4)) return random.pick([[], [...value, ...value], value.slice(1), [null]]);
    return value.map((item, i) => (i === at ? spoiled(random, item) : item));
  }
  const key = random.pick(Object.keys(value).concat("other"));
  const { [key]: member, ...others } = value as Record<string, unknown>;
  return random.oneIn(6) ? others : { ...others, [key]: spoiled(random, member) };
}

function damage(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const at = random.integer(0, Math.max(0, out.length - 1));
  switch (random.integer(0, 4)) {
    case 0:
      out[at] = (out[at] ?? 0) ^ (1 << random.integer(0, 7));
      return out;
    case 1:
      return out.subarray(0, at);
    case 2:
      return out.fill(0xff, at);
    case 3:
      return random.bytes(random.integer(0, 300));
    default:
      return Uint8Array.from([...out, 0x20]);
  }
}
