// What starts on a board starts guarded. An exception that nobody catches makes XS restart the chip: with a setting that
// is wrong, or hardware that does not answer, an endless loop that a person can't read. A device that cannot start keeps
// its relay open and repeats why, so that a console that is plugged in later shows it too.

import Timer from "timer";
import { report } from "./report";

const TELL_AGAIN = 10_000;

export function guarded(where: string, start: () => void): void {
  try {
    start();
  } catch (error) {
    const tell = (): void => report({ name: "error", where, why: String(error) });
    tell();
    Timer.repeat(tell, TELL_AGAIN);
  }
}
