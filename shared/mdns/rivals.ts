// Whether somebody else says what a socket says of itself: conflicts (RFC 6762, 9), probes at the
// same time (8.2), and answers that the asker has already (7.1).

import { type Entry, type Message, plainData, TYPE } from "./message";
import { BIT, type OwnRecord } from "./records";

/**
 * Whether the response holds, under a name of ours, what we do not say. `claimed`: the names are
 * ours already.
 */
export function contradicts(records: readonly OwnRecord[], message: Message, claimed: boolean): boolean {
  return [...message.answers, ...message.additionals].some(
    (entry) => entry.ttl > 0 && isOurs(records, entry) && differs(records, message, entry, claimed),
  );
}

/** The names under which we alone have records. */
function isOurs(records: readonly OwnRecord[], { name }: Entry): boolean {
  return records.some((record) => record.unique && record.name.toLowerCase() === name);
}

function differs(records: readonly OwnRecord[], { bytes }: Message, entry: Entry, claimed: boolean): boolean {
  const same = records.find(({ name, type }) => type === entry.type && name.toLowerCase() === entry.name);
  // While the names are not ours yet any record is another's; afterwards one of another type
  // contradicts nothing.
  if (!same || same.type === TYPE.NSEC) return !claimed;
  const data = plainData(bytes, entry);
  return data !== undefined && compareBytes(data, same.data) !== 0;
}

/**
 * Whether another device that asks for our names just now goes first: its records are later in
 * order (8.2.1).
 */
export function losesTo(records: readonly OwnRecord[], message: Message): boolean {
  const mine = records.filter(({ bit }) => bit & (BIT.A | BIT.SRV | BIT.TXT));
  const names = [...new Set(mine.map(({ name }) => name.toLowerCase()))];
  return names.some((name) => {
    const theirs = message.authorities.filter((entry) => entry.name === name);
    if (theirs.length === 0) return false;
    const ours = mine.filter((record) => record.name.toLowerCase() === name);
    return (
      compareSets(
        ours,
        theirs.map((entry) => claimOf(message, entry)),
      ) < 0
    );
  });
}

interface Claim {
  readonly type: number;
  readonly data: Uint8Array;
}

function claimOf({ bytes }: Message, entry: Entry): Claim {
  return { type: entry.type, data: plainData(bytes, entry) ?? new Uint8Array(0) };
}

function compareSets(mine: readonly Claim[], theirs: readonly Claim[]): number {
  const [a, b] = [[...mine].sort(compareClaims), [...theirs].sort(compareClaims)];
  for (let k = 0; k < Math.min(a.length, b.length); k++) {
    const order = compareClaims(a[k] as Claim, b[k] as Claim);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareClaims(a: Claim, b: Claim): number {
  return a.type - b.type || compareBytes(a.data, b.data);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let k = 0; k < Math.min(a.length, b.length); k++) {
    const order = (a[k] ?? 0) - (b[k] ?? 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The set of records that the asker names as known, with half their life at least before them. */
export function knownOf(records: readonly OwnRecord[], message: Message): number {
  let known = 0;
  for (const entry of message.answers) {
    for (const { bit, name, type, ttl, data } of records) {
      if (type !== entry.type || name.toLowerCase() !== entry.name || entry.ttl * 2 < ttl) continue;
      const said = plainData(message.bytes, entry);
      if (said && compareBytes(said, data) === 0) known |= bit;
    }
  }
  return known;
}
