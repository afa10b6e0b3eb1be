// Fuzzes the journal's reader: whatever two slots hold, a device starts, reads the newest whole record or none, tells
// about the rest, and can write again.

import { SeededRandom } from "../../host-tests/model/random";
import { CutStore } from "../../host-tests/model/store";
import { Journal } from "../../shared/journal/journal";
import { integer, object } from "../../shared/journal/shape";
import { parseSocketRecord, SOCKET_RECORD_VERSION, type SocketRecord } from "../../shared/socket/record";
import type { FuzzResult } from "./audit";

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

/** Records that are whole but not what a socket would write. */
function tryShape(random: SeededRandom): string {
  const value = junk(random, 3);
  let parsed: SocketRecord;
  try {
    parsed = parseSocketRecord(value);
  } catch (error) {
    if (error instanceof Error && error.constructor === Error) return "shape refused";
    throw new Error(`the reader failed (${String(error)}) on ${JSON.stringify(value)}`);
  }
  if (parsed.version === undefined || SOCKET_RECORD_VERSION < 1) throw new Error("a record without a version");
  return "shape read";
}

function junk(random: SeededRandom, depth: number): unknown {
  const leaf = [null, true, -1, 0, 1.5, 2 ** 60, "", "00", "zz", "standby", [], {}];
  if (depth === 0) return random.pick(leaf);
  const record: Record<string, unknown> = {
    version: 1,
    state: "paid",
    total: 0,
    paidUpTo: 0,
    standbyUpTo: 0,
    openedAt: 0,
    parked: [],
    settlements: [],
    debts: [],
    settled: [],
    cheats: [],
  };
  for (let i = random.integer(0, 3); i > 0; i--) record[random.pick(Object.keys(record))] = junk(random, depth - 1);
  return random.oneIn(4) ? [record] : record;
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
