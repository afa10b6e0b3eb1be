// Whether an image can go on from what a device's store holds: asked by an image on trial, before
// it writes anything (shared/update/trial.ts).

import type { DeviceEvent, Store } from "../kernel/ports";
import { Journal, type Older, versionOf } from "./journal";

export interface Kept<T> {
  readonly store: Store;
  /** Prefix of the journal's keys. */
  readonly name: string;
  readonly version: number;
  readonly older?: Older | undefined;
  readonly parse: (value: unknown) => T;
}

/**
 * Why not, in a sentence; undefined where it can. A slot that a cut of power tore is as it was
 * before an update too; a whole one that this image cannot read is not.
 */
export function whyUnreadable<T>(kept: Kept<T>): string | undefined {
  const { store, name, version, older } = kept;
  const from = older?.from ?? version;
  let whole = 0;
  for (const key of [`${name}.a`, `${name}.b`]) {
    const bytes = store.read(key);
    if (!bytes) continue;
    const found = versionOf(bytes);
    if (found === undefined) continue;
    whole++;
    if (found < from || found > version)
      return `${key} has a record of version ${found}, and this image reads ${from} to ${version}`;
  }
  let why: unknown;
  const hear = (event: DeviceEvent): void => {
    why = event.why;
  };
  const journal = new Journal({ ...kept, report: hear });
  return whole > 0 && journal.load() === undefined ? `${name} cannot be read: ${why}` : undefined;
}
