// Reads requests as a socket's connection does, and counts what each costs until it is known what
// it asks for.

import texts from "hostile-requests";
import { decodeUtf8 } from "../../../shared/kernel/utf8";
import { CONNECTION_LIMITS } from "../../../shared/net/connection-limits";
import { parseRequest } from "../../../shared/net/heads";
import { MessageReader } from "../../../shared/net/message-reader";
import type { SocketCalls } from "../../../shared/protocol/types";
import { answerCall } from "../../../shared/rpc/methods";
import { calibrate, count, report } from "./host";

const never = () => new Promise<never>(() => {});
const CALLS: SocketCalls = { getStatus: never, powerRequest: never, payTransaction: never };

/** Takes one whole request, or what there is of it; a refusal is as good. */
function read(text: string): number {
  let body: Uint8Array = new Uint8Array(0);
  const sink = {
    head() {},
    body(chunk: Uint8Array) {
      body = chunk;
    },
    end() {
      void answerCall(decodeUtf8(body), CALLS, "169.254.9.9", () => {});
    },
  };
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const { cost } = count(() => {
    try {
      new MessageReader(parseRequest, sink, CONNECTION_LIMITS, CONNECTION_LIMITS.earlyBytes).push(bytes);
    } catch {
      // Refused.
    }
  });
  return cost;
}

export function main(): void {
  calibrate();
  for (const [name, text] of texts) {
    read(text);
    report(name, read(text));
  }
}
