// The module "plugpay/console" on a device (console-esp32.c): what the serial console prints.

export function print(this: unknown, text: string): void {
  native("plugpay_print").call(this, text);
}

/** Bytes of memory beside XS's own: 0 free now, 1 the largest piece of it, 2 free at the scarcest. */
export function memory(this: unknown, which: number): number {
  return native("plugpay_memory").call(this, which) as number;
}
