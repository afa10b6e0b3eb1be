// The one-hop link between cable and socket, with everything that a bad line and a restarting peer
// do to calls.

import { messageOf } from "../../shared/kernel/message";
import type { Clock } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";
import type { ChannelCalls } from "../../shared/protocol/channel";
import { Fault } from "../../shared/protocol/faults";
import type { SocketCalls } from "../../shared/protocol/types";
import type { SeededRandom } from "./random";

/** Chances in a thousand, for each call. */
export interface LinkTrouble {
  readonly dropRequest: number;
  readonly dropReply: number;
  /** The request arrives twice; the answer of the first counts. */
  readonly double: number;
  /** Held back for up to `delay`: calls overtake each other. */
  readonly late: number;
  readonly delay: Millisecond;
}

export const CLEAR_LINE: LinkTrouble = { dropRequest: 0, dropReply: 0, double: 0, late: 0, delay: 0 };

/** After so long without an answer a caller gives up. */
const TIMEOUT: Millisecond = 10_000;
const TRANSIT: Millisecond = 5;
export const PEER = "169.254.1.2:50000";

export type LinkEvent = "request-dropped" | "reply-dropped" | "doubled" | "delayed";

export class Link {
  trouble: LinkTrouble = CLEAR_LINE;
  readonly happened: Record<LinkEvent, number> = { "request-dropped": 0, "reply-dropped": 0, doubled: 0, delayed: 0 };
  /** Who answers now; undefined while the socket is off or unplugged. */
  far: (() => SocketCalls | undefined) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: SeededRandom,
  ) {}

  /** The calls as the cable makes them. */
  calls(): SocketCalls {
    return {
      getStatus: (request, peer) => this.call(request, (far, sent) => far.getStatus(sent, peer), request.waitMs ?? 0),
      powerRequest: (request, peer) => this.call(request, (far, sent) => far.powerRequest(sent, peer), 0),
      payTransaction: (request, peer) => this.call(request, (far, sent) => far.payTransaction(sent, peer), 0),
      channels: {
        request: (request, peer) => this.call(request, (far, sent) => channelsOf(far).request(sent, peer), 0),
        pay: (payment, peer) => this.call(payment, (far, sent) => channelsOf(far).pay(sent, peer), 0),
      },
    };
  }

  private call<A, R>(request: A, send: (far: SocketCalls, request: A) => Promise<R>, wait: Millisecond): Promise<R> {
    return new Promise((resolve, reject) => {
      this.clock.after(TIMEOUT + wait, () => reject(new Error("no answer from the socket in time")));
      const deliver = (): void => this.deliver(request, send, resolve, reject);
      if (this.chance("request-dropped", this.trouble.dropRequest)) return;
      this.clock.after(this.transit(), deliver);
      if (this.chance("doubled", this.trouble.double)) this.clock.after(this.transit() + TRANSIT, deliver);
    });
  }

  private deliver<A, R>(
    request: A,
    send: (far: SocketCalls, request: A) => Promise<R>,
    resolve: (answer: R) => void,
    reject: (error: Error) => void,
  ): void {
    const far = this.far?.();
    if (!far) {
      this.clock.after(TRANSIT, () => reject(new Error("the socket does not answer: connection refused")));
      return;
    }
    const lost = this.chance("reply-dropped", this.trouble.dropReply);
    const back = (action: () => void): void => {
      if (!lost) this.clock.after(this.transit(), action);
    };
    send(far, structuredClone(request)).then(
      (answer) => back(() => resolve(structuredClone(answer))),
      (error: unknown) => back(() => reject(overTheWire(error))),
    );
  }

  private transit(): Millisecond {
    const late = this.chance("delayed", this.trouble.late);
    return TRANSIT + (late ? this.random.integer(1, this.trouble.delay) : 0);
  }

  private chance(event: LinkEvent, permille: number): boolean {
    if (permille === 0 || this.random.integer(1, 1000) > permille) return false;
    this.happened[event] += 1;
    return true;
  }
}

/** As rpc/methods.ts: a socket without channels says so. */
function channelsOf({ channels }: SocketCalls): ChannelCalls {
  const none = (): Promise<never> => Promise.reject(new Fault("unknown-scheme"));
  return channels ?? { request: none, pay: none };
}

/**
 * A fault keeps its code, name and words; anything else that a socket throws is its internal error.
 */
function overTheWire(error: unknown): Error {
  if (error instanceof Fault) return new Fault(error.fault, error.detail, error.retryAfterMs);
  return new Fault("internal-error", messageOf(error));
}
