// The module "plugpay/entropy" on a device: the one draw of true randomness (entropy-esp32.c).

/**
 * 48 to 128 truly random bytes. Once a boot, before the power gate and the network start; a second
 * draw throws.
 */
export default function entropy(this: unknown, length: number): ArrayBuffer {
  return native("plugpay_entropy").call(this, length) as ArrayBuffer;
}

/**
 * Draws the seed now, for `entropy` to hand out: the radio is about to start, and with it the noise
 * source is lost.
 */
export function drawSeed(this: unknown): void {
  native("plugpay_entropy_draw").call(this);
}
