// A visiting cable's radio: joins sockets' own access points (shared/link/direct-radio.ts over
// firmware/native/radio-esp32.c).

import { drawSeed } from "plugpay/entropy";
import { begin, disputed, events, join, leave, next, probe, scan, settle } from "plugpay/radio";
import type { Clock } from "../../shared/kernel/ports";
import { DirectRadio, type RadioOrders } from "../../shared/link/direct-radio";
import { LINK_ADDRESS, LINK_PORT } from "../../shared/protocol/types";

/** Starts the radio. Throws where it does not start. */
export function directRadio(clock: Clock): DirectRadio {
  // The internal noise source must be off once the radio works.
  drawSeed();
  const mac = begin(LINK_ADDRESS, LINK_PORT);
  const orders: RadioOrders = {
    events,
    mac: () => mac,
    scan,
    next,
    join,
    leave,
    probe,
    isDisputed: disputed,
    settle,
  };
  return new DirectRadio({ clock, orders });
}
