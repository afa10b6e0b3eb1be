// Tells the device's story on the serial console: one JSON object a line.

import type { DeviceEvent } from "../../shared/ports";

/** XS's own print, on the console where one is attached. */
declare function trace(text: string): void;

export function report(event: DeviceEvent): void {
  trace(`${JSON.stringify(event)}\n`);
}
