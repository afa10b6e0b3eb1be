// What starts on a board starts guarded. An exception that nobody catches makes XS restart the
// chip: with a setting that is wrong, or hardware that does not answer, an endless loop that a
// person can't read. A device that cannot start keeps its relay open, as it is since power came
// (firmware/native/power-gate-esp32.c), and repeats why, so that a console that is plugged in later
// shows it too.

import { restartPause, watchRestarts } from "plugpay/restarts";
import Timer from "timer";
import type { Millisecond } from "../../shared/kernel/units";
import { report } from "./report";

const TELL_AGAIN: Millisecond = 10_000;

/**
 * Runs `main`: at once, or after a pause with the relay open where the device died again and again.
 */
export function paced(main: () => void): void {
  watchRestarts();
  const time = restartPause();
  if (time === 0) {
    main();
    return;
  }
  report({ name: "paused", time });
  Timer.set(main, time);
}

/** Runs `start`. Where it throws, tells why, a line for each that is wrong, and runs `instead`. */
export function guarded(where: string, start: () => void, instead?: () => void): void {
  try {
    start();
  } catch (error) {
    const sentences = String(error).split("\n");
    const tell = (): void => {
      for (const why of sentences) report({ name: "error", where, why });
    };
    tell();
    Timer.repeat(tell, TELL_AGAIN);
    if (instead) guarded(`instead of ${where}`, instead);
  }
}
