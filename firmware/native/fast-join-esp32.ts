// The module "plugpay/fast-join" on a device (fast-join-esp32.c).

/**
 * Begins to join that very access point, listening on its channel only. Throws where the radio
 * takes no such order.
 */
export default function joinKnown(this: unknown, ssid: string, password: string, bssid: string, channel: number): void {
  native("plugpay_join_known").call(this, ssid, password, bssid, channel);
}
