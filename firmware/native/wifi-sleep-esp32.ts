// The module "plugpay/wifi-sleep" on a device: whether Wi-Fi may sleep between beacons
// (wifi-sleep-esp32.c).

/** Gives whether the radio took it: it does not before it is up. */
export function wifiSleep(this: unknown, whether: boolean): boolean {
  return native("plugpay_wifi_sleep").call(this, whether) as boolean;
}
