// The Wi-Fi that a device joins: its owner's, else the image's. What brings the link up reads it
// before anything else runs, so nothing here throws, tells or writes.

import { Journal } from "../journal/journal";
import type { Store } from "../kernel/ports";
import { parseRecord, RECORD_NAME, RECORD_VERSION } from "./record";

export interface WifiCredentials {
  readonly ssid: string;
  readonly password: string;
}

/** `owner`: the store of the owner's settings. */
export function wifiOf(owner: Pick<Store, "read">, image: WifiCredentials): WifiCredentials {
  const store: Store = { read: (key) => owner.read(key), write: () => {}, remove: () => {} };
  const journal = new Journal({
    store,
    name: RECORD_NAME,
    version: RECORD_VERSION,
    parse: parseRecord,
    report: () => {},
  });
  try {
    const own = journal.load()?.settings ?? [];
    const kept = (name: string): string | undefined => {
      const value = own.find((each) => each.name === name)?.value;
      return typeof value === "string" ? value : undefined;
    };
    const ssid = kept("ssid");
    // Another network's password is not tried on this one.
    return ssid === undefined ? image : { ssid, password: kept("password") ?? "" };
  } catch {
    return image;
  }
}
