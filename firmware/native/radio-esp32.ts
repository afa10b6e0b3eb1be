// The module "plugpay/radio" on a device: orders to a visiting cable's radio (radio-esp32.c), as
// RadioOrders of shared/link/direct-radio.ts says. Each throws where the radio takes no such order.

/**
 * Starts it; `address` and `port` are those of every socket at its own access point. Gives the
 * cable's MAC address.
 */
export function begin(this: unknown, address: string, port: number): string {
  return native("plugpay_radio_begin").call(this, address, port) as string;
}

/** What has happened since this was asked last, as a sum. */
export function events(this: unknown): number {
  return native("plugpay_radio_events").call(this) as number;
}

/** Begins to look; 0: on all channels. */
export function scan(this: unknown, channel: number): void {
  native("plugpay_radio_scan").call(this, channel);
}

/** The next socket's access point that was found, as "dBm channel bssid ssid". */
export function next(this: unknown): string | undefined {
  return native("plugpay_radio_next").call(this) as string | undefined;
}

/** Begins to join. */
export function join(this: unknown, ssid: string, bssid: string, channel: number): void {
  native("plugpay_radio_join").call(this, ssid, bssid, channel);
}

/** Ends what was joined or begun, and forgets the address. */
export function leave(this: unknown): void {
  native("plugpay_radio_leave").call(this);
}

/** Asks once whether any device has the address. */
export function probe(this: unknown, address: string): void {
  native("plugpay_radio_probe").call(this, address);
}

/** True where somebody has the address that was asked for last. */
export function disputed(this: unknown): boolean {
  return native("plugpay_radio_disputed").call(this) as boolean;
}

/** Uses the address from now on. */
export function settle(this: unknown, address: string): void {
  native("plugpay_radio_settle").call(this, address);
}
