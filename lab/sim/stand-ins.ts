// What stands in for a chip's modules off the chip: in the simulator, and in an image that is
// linked for the desktop.

import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "device");

/** Module of the SDK, or native one of ours, to the file that answers in its place. */
export const STAND_INS: Readonly<Record<string, string>> = {
  timer: file("timer"),
  time: file("time"),
  net: file("net"),
  "mc/config": file("config"),
  "embedded:io/digital": file("digital"),
  "embedded:io/serial": file("serial"),
  "embedded:network/mqtt/client": file("mqtt"),
  "embedded:storage/key-value": file("key-value"),
  "plugpay/console": file("console"),
  "plugpay/entropy": file("entropy"),
  "plugpay/sockets": file("sockets"),
  "plugpay/wifi-sleep": file("wifi-sleep"),
  "plugpay/radio": file("radio"),
  "plugpay/restarts": file("restarts"),
  "plugpay/page": file("page"),
  "plugpay/light": file("light"),
  "plugpay/display": file("display"),
  "plugpay/update": file("update"),
  "plugpay/power-gate": file("power-gate"),
  socketmbedtls: file("tls"),
};

function file(name: string): string {
  return join(FOLDER, `${name}.ts`);
}
