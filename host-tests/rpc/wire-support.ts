// Takes values through the real codec, text and all.

import { decodeResponse } from "../../shared/rpc/decode";
import { encodeFault, encodeResponse } from "../../shared/rpc/encode";
import type { Value } from "../../shared/rpc/xmlrpc";

export function roundTrip(value: Value): Value {
  const answer = decodeResponse(encodeResponse(value));
  if (answer.kind !== "value") throw new Error("expected a value, found a fault");
  return answer.value;
}

export function decodeFaultText(code: number, message: string): { code: number; message: string } {
  const answer = decodeResponse(encodeFault(code, message));
  if (answer.kind !== "fault") throw new Error("expected a fault, found a value");
  return answer;
}
