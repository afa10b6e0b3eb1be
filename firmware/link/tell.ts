// What goes wrong while the network comes up is told on the console: a set-up module has nobody
// else to tell.

import { print } from "plugpay/console";

export default function tell(where: string, why: unknown): void {
  print(`${JSON.stringify({ name: "error", where, why: String(why) })}\n`);
}
