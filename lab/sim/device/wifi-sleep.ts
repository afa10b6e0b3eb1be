// Stands in for "plugpay/wifi-sleep": there is no radio that could sleep.

export function wifiSleep(_whether: boolean): boolean {
  return true;
}
