// A listener that waits for the network: a stack that has no interface yet refuses to listen, and a
// device may be up long before its link is. It tries again until it can, so that a server need not
// know when the network comes.

import type { Admits, Clock, Connection, Favoured, Listener } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";

/** Between two tries: cables ask again within as much. */
const RETRY: Millisecond = 500;

export interface PatientListenerOptions {
  readonly listener: Listener;
  readonly clock: Clock;
  /** Told once why listening has to wait, and once that it began after a wait. */
  readonly onWait?: (why: string) => void;
  readonly onListening?: () => void;
}

export class PatientListener implements Listener {
  constructor(private readonly options: PatientListenerOptions) {}

  listen(
    port: number,
    onConnection: (connection: Connection) => void,
    admits: Admits,
    favoured?: Favoured,
  ): () => void {
    const { listener, clock, onWait = () => {}, onListening = () => {} } = this.options;
    let waited = false;
    let stop = (): void => {};
    const attempt = (): void => {
      try {
        stop = listener.listen(port, onConnection, admits, favoured);
      } catch (error) {
        if (!waited) onWait(String(error));
        waited = true;
        stop = clock.after(RETRY, attempt);
        return;
      }
      if (waited) onListening();
    };
    attempt();
    return () => stop();
  }
}
