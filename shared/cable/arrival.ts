// The arrival at an access point: which are in reach, and how long its socket may take to answer.

import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import type { AccessPoint, Places } from "../link/places";
import type { Radio } from "../link/radio";
import type { Status } from "../protocol/types";
import { Stop } from "./stop";

/** An access point whose socket does not answer for so long is left. */
export const ANSWERS: Millisecond = 15_000;
/** Until the next one is tried. */
export const NEXT: Millisecond = 500;

/**
 * The access points in reach: on the channel of the one that is wanted, where it is there and not
 * `fruitless`; else on all.
 */
export async function inReach(
  radio: Radio,
  { trial, home }: Places,
  fruitless: boolean,
): Promise<readonly AccessPoint[]> {
  // In one house all are on one channel.
  const channel = trial?.channel ?? home?.channel;
  const wanted = trial?.bssid ?? home?.bssid;
  const found = channel === undefined ? [] : await radio.scan(channel);
  const isThere = found.some(({ bssid }) => bssid === wanted);
  return isThere && !fruitless ? found : radio.scan();
}

/** Rejects with a Stop where the answer does not come in time. */
export async function inTime(clock: Clock, answer: Promise<Status>): Promise<Status> {
  let cancel = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ANSWERS, () => reject(new Stop("no-socket", "No answer.", NEXT)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
