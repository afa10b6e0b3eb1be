// What must go on although a part of it failed: a store that is full or worn throws when it is
// written, and that may stop neither the clock nor the rules of the relay. What was to be written
// has then not happened, and is tried again.

import { messageOf } from "./message";
import type { Reporter } from "./ports";

/** Runs `action`; an error is reported and goes no further. */
export function attempt(report: Reporter, action: () => void): void {
  try {
    action();
  } catch (error) {
    report({ name: "failed", why: messageOf(error) });
  }
}
