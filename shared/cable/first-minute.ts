// On a link that neighbours share, another socket may answer than the one that the cable hangs on:
// what flows here must be what it counts there. A minute is enough where something flows; where
// nothing does yet, or little, both would agree on that, so it goes on.

import type { Millisecond } from "../kernel/units";
import type { Status } from "../protocol/types";
import type { FirstMinute, Moment } from "./effects";
import { Stop } from "./stop";

/** The meters are compared once this much time has passed. */
const FIRST_MINUTE: Millisecond = 60_000;
/** Energy, in what both meters may be off by, after which their agreeing says something. */
const CONCLUSIVE = 4;

/** Compares the meters once more; a Stop where they are too far apart. */
export function compared(before: FirstMinute | undefined, status: Status, moment: Moment): FirstMinute | Stop {
  const { now, account, session } = moment;
  if (before?.agreed) return before;
  const own = account.meter();
  // Another session counts from its own opening.
  if (before === undefined || before.session !== session)
    return { session, at: before?.at ?? now, from: now, own, claimed: status.used, agreed: false };
  const flowed = (own - before.own) / 1000;
  const apart = Math.abs(flowed - (status.used - before.claimed));
  const tolerance = account.mayDiffer(flowed, now - before.from);
  if (apart > tolerance) {
    const seconds = Math.round((now - before.at) / 1000);
    return new Stop("wrong-socket", `The meters are ${Math.round(apart)} mWh apart after ${seconds} s.`);
  }
  const agreed = now - before.at >= FIRST_MINUTE && flowed >= CONCLUSIVE * tolerance;
  return agreed ? { ...before, agreed } : before;
}
