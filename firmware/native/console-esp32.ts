// The module "plugpay/console" on a device (console-esp32.c): the serial console.

import Timer from "timer";

export function print(this: unknown, text: string): void {
  native("plugpay_print").call(this, text);
}

/**
 * Puts out bytes as they are: the console's own way would put a carriage return before each line
 * feed.
 */
export function write(bytes: Uint8Array): void {
  put(bytes.slice().buffer);
}

/** Only passes its parameters on to C: of anything else xsc warns, and the build stops there. */
function put(this: unknown, bytes: ArrayBuffer): void {
  native("plugpay_console_write").call(this, bytes);
}

/** At 115,200 baud 580 bytes come meanwhile; the driver keeps 2,048. */
const LOOK_MS = 50;

/** Hears what comes in, in whatever pieces. */
export function listen(this: unknown, take: (bytes: ArrayBuffer) => void): void {
  Timer.repeat(() => {
    const bytes = native("plugpay_console_read").call(this) as ArrayBuffer | undefined;
    if (bytes) take(bytes);
  }, LOOK_MS);
}

/**
 * Bytes of memory beside XS's own: 0 free now, 1 the largest piece of it, 2 free at the scarcest.
 */
export function memory(this: unknown, which: number): number {
  return native("plugpay_memory").call(this, which) as number;
}
