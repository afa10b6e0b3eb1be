// The module "plugpay/light" on a device (light-esp32.c): one LED, whose rhythm native code plays
// on while JavaScript computes.

/**
 * Once: the light is at this pin, and is lit by a low level, or a high one. Throws where the pin is
 * none for it.
 */
export function begin(this: unknown, pin: number, litByLow: boolean): void {
  native("plugpay_light_begin").call(this, pin, litByLow);
}

/** From now on this rhythm: 1 to 32 signs, each an eighth of a second, "#" lit and "." dark. */
export function show(this: unknown, rhythm: string): void {
  native("plugpay_light_show").call(this, rhythm);
}
