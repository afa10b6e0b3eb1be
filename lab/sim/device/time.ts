// Stands in for Moddable's "time": milliseconds since boot, as 32-bit integers that wrap like the
// device's.

import { call } from "./host";

const ticks = (): number => (call("ticks").value as { ticks: number }).ticks | 0;

export default {
  get ticks(): number {
    return ticks();
  },

  delta(start: number, end: number = ticks()): number {
    return (end - start) | 0;
  },
};
