// Sockets that lie: the real one with some of its answers changed.

import type { DraftOffer, PaymentResult, SocketCalls, Status } from "../../shared/protocol/types";
import type { SocketController } from "../../shared/socket/controller";

export interface Lies {
  readonly status?: (status: Status) => Status;
  readonly offer?: (offer: DraftOffer) => DraftOffer;
  readonly result?: (result: PaymentResult) => PaymentResult;
}

/**
 * Passes every call on, and changes what comes back; the next draft in a payment's answer is an
 * offer too.
 */
export function lying(lies: Lies): (socket: SocketController) => SocketCalls {
  const { status = same, offer = same, result = same } = lies;
  return (socket) => ({
    getStatus: async (request, peer) => status(await socket.getStatus(request, peer)),
    powerRequest: async (request, peer) => offer(await socket.powerRequest(request, peer)),
    payTransaction: async (request, peer) => {
      const answer = result(await socket.payTransaction(request, peer));
      return answer.next ? { ...answer, next: offer(answer.next) } : answer;
    },
  });
}

function same<T>(value: T): T {
  return value;
}
