// Runs inside a device's engine: the Esplora client over an Http port that gives one canned answer
// in pieces.

import { Esplora } from "../../shared/chain/esplora";
import type { Http } from "../../shared/chain/http-port";
import type { Clock } from "../../shared/kernel/ports";

declare const hostCall: (head: string) => unknown;

const clock: Clock = { now: () => 0, after: () => () => {} };
/** About what a TCP segment carries. */
const PIECE = 1024;

function answering(body: Uint8Array): Http {
  return {
    request: async ({ onChunk }) => {
      for (let at = 0; at < body.length; at += PIECE) onChunk?.(body.subarray(at, at + PIECE));
      return { status: 200, headers: new Map(), body: new Uint8Array(0) };
    },
  };
}

// The event's bytes are the body.
const onEvent = (head: string, bytes: ArrayBuffer): void => {
  const { script, limit } = JSON.parse(head) as { script: string; limit: number };
  const chain = new Esplora({ http: answering(new Uint8Array(bytes)), clock, url: "http://esplora.test" });
  chain.utxos(script, limit).then(
    (coins) => hostCall(JSON.stringify({ result: coins })),
    (error) => hostCall(JSON.stringify({ error: `${error.kind}: ${error.message}` })),
  );
};
Object.assign(globalThis, { hostEvent: onEvent });
