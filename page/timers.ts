// The browser's clock.

import type { Timers } from "./watch";

export const timers: Timers = {
  now: () => performance.now(),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};
