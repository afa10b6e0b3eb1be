// What a running device refuses to its owner because its memory would not hold it
// (docs/performance.md, "The budget of memory").

import { constant } from "../kernel/constant";

export interface Holds {
  /** As the image names it, such as ESP32-C3. */
  readonly chip: string;
  /** An access point of its own beside its Wi-Fi. */
  readonly direct: boolean;
  /** Whether its chain is asked over TLS. */
  readonly secure: boolean;
}

/** Chips with 384 KB of SRAM, or not much more. */
const SMALL: readonly string[] = constant(["ESP32", "ESP32-C3"]);

/** Why it tells no broker; undefined where it may. */
export function brokerProblem({ chip, direct, secure }: Holds): string | undefined {
  if (!direct || !secure || !SMALL.includes(chip)) return undefined;
  return `expected none on an ${chip} with an access point of its own (direct) and TLS to the chain: its memory does not hold all three`;
}
