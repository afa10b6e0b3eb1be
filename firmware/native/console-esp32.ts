// The module "plugpay/console" on a device (console-esp32.c): what the serial console prints.

export function print(this: unknown, text: string): void {
  native("plugpay_print").call(this, text);
}
