// How one crowd of neighbours behaves.

import type { Millisecond } from "../../../shared/kernel/units";

export interface Manner {
  readonly name: string;
  /** The crowd's addresses, which take turns. */
  readonly addresses: number;
  /** Never reads what it is sent. */
  readonly deaf?: boolean;
  /** Closes when it has sent. */
  readonly hangsUp?: boolean;
  /** Sends the same again so often. */
  readonly again?: Millisecond;
  /** Opens a connection so often, where it is not the usual. */
  readonly every?: Millisecond;
  /** Begins so long after the plug, where power should flow first. */
  readonly after?: Millisecond;
  /** Opens no more connections than these. */
  readonly most?: number;
  /** What the crowd's `count`th connection sends. */
  readonly text: (count: number) => string;
}
