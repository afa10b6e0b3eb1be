// The machine's clock, for what talks to a real server or client: its times are limits that nothing
// should reach.

import type { Clock } from "../../shared/kernel/ports";

export const wallClock: Clock = {
  now: () => Math.floor(performance.now()),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};
