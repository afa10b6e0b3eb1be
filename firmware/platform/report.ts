// Tells the device's story on the serial console: one JSON object a line.

import { print } from "plugpay/console";
import type { DeviceEvent } from "../../shared/kernel/ports";

export function report(event: DeviceEvent): void {
  print(`${JSON.stringify(event)}\n`);
}
