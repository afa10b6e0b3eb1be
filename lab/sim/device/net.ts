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
    return what === "IP" && link === "station" ? "127.0.0.1" : undefined;
  },
};
