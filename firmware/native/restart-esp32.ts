// The module "plugpay/restarts" on a device (restart-esp32.c): why the device started, and how long
// it had better wait.

/** From now on whatever ends this run has a name, which the next one gets from `resetCause`. */
export function watchRestarts(this: unknown): void {
  native("plugpay_watch_restarts").call(this);
}

/**
 * Why the chip started: "power-on", "brownout", "panic", ... or JavaScript's end: "memory-full",
 * "stack-overflow", ...
 */
export function resetCause(this: unknown): string {
  return native("plugpay_reset_cause").call(this) as string;
}

/** The message of the exception that nobody caught in the last run. */
export function lastWords(this: unknown): string | undefined {
  return native("plugpay_last_words").call(this) as string | undefined;
}

/** The chip's name, such as ESP32-C3. */
export function chip(this: unknown): string {
  return native("plugpay_chip").call(this) as string;
}

/**
 * Starts the device anew, by its owner's wish: that is no fault, and the next run does not wait.
 */
export function restart(this: unknown): void {
  native("plugpay_restart").call(this);
}

/** For so long, in ms, a device that died again and again waits before it works. */
export function restartPause(this: unknown): number {
  return native("plugpay_restart_pause").call(this) as number;
}
