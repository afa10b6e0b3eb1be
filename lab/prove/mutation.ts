// A guard that is taken out, to see whether the proof would notice.

import type { Plan } from "./moves";
import type { Tamper } from "./stage";

export interface Mutation {
  readonly name: string;
  readonly casts: readonly Plan["cast"][];
  readonly tamper: Tamper;
  /** Of channels: only plans that pay by them are played. */
  readonly byChannel?: boolean;
}
