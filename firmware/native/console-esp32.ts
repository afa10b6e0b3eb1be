// The module "plugpay/console" on a device (console-esp32.c): what the serial console prints, and why the device started.

export function print(this: unknown, text: string): void {
  native("plugpay_print").call(this, text);
}

/** Why the chip started: "power-on", "panic", "task-watchdog", "brownout", ... */
export function resetCause(this: unknown): string {
  return native("plugpay_reset_cause").call(this) as string;
}
