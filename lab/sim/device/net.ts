// Stands in for Moddable's "net": name look-up.

import { call, ignore, receive } from "./host";

export default {
  resolve(name: string, callback: (name: string, address?: string) => void): void {
    const { handle } = call("net.resolve", { host: name }).value as { handle: number };
    receive(handle, ({ value }) => {
      ignore(handle);
      callback(name, value ?? undefined);
    });
  },

  /** Every simulated device is on loopback. */
  get(what: string, link: string): string | undefined {
    if (link !== "station") return undefined;
    return what === "IP" ? "127.0.0.1" : what === "MAC" ? (call("net.mac").value as string) : undefined;
  },
};
