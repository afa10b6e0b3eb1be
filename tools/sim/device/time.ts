// Stands in for Moddable's "time": milliseconds since boot, as 32-bit integers that wrap like the device's.

import { call } from "./host";

export default {
  get ticks(): number {
    return (call("ticks").value as { ticks: number }).ticks | 0;
  },

  delta(start: number, end: number = this.ticks): number {
    return (end - start) | 0;
  },
};
