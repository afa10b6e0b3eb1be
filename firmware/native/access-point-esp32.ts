// The module "plugpay/access-point" on a device: a socket's own access point
// (access-point-esp32.c).

/**
 * Opens it beside the station, which is up; once. Its clients reach `port` at `address` and nothing
 * else. `channel` counts until the house's is known. Gives its name. Throws where the radio takes
 * no such order.
 */
export default function openAccessPoint(
  this: unknown,
  address: string,
  mask: string,
  port: number,
  channel: number,
): string {
  return native("plugpay_access_point").call(this, address, mask, port, channel) as string;
}
