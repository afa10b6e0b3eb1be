// Wi-Fi sleeps between beacons, where what is sent to a device waits for 100 to 300 ms, unless
// somebody is there who pays or draws: a cable always is where it has power, and a socket looks
// twice a second.

import { wifiSleep } from "plugpay/wifi-sleep";
import type { Clock } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";

const LOOK: Millisecond = 500;

/** Keeps the radio awake while `isOccupied`; tries again where it is not up yet. */
export function keepAwake(clock: Clock, isOccupied: () => boolean): void {
  let sleeps: boolean | undefined;
  const check = (): void => {
    const wanted = !isOccupied();
    if (wanted !== sleeps && wifiSleep(wanted)) sleeps = wanted;
    clock.after(LOOK, check);
  };
  check();
}
