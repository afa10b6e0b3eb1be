// The radio of a visiting cable, as a port: what is in reach, and one of it joined.

import type { AccessPoint } from "./places";

export interface Radio {
  /**
   * What is in reach; on one channel only, which takes a tenth of the time. Rejects where the radio
   * does not work.
   */
  scan(channel?: number): Promise<readonly AccessPoint[]>;
  /**
   * Joins it, and is ready for calls when it resolves; at once where it is joined already. Rejects
   * where it cannot.
   */
  join(place: AccessPoint): Promise<void>;
}
