// JSON-RPC to a node like Bitcoin Core (https://developer.bitcoin.org/reference/rpc/, checked for
// 22 to 31; bcoin answers the same calls): one call and its result, and what the node's error codes
// mean.

import { toBase64 } from "../kernel/base64";
import { constant } from "../kernel/constant";
import type { Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { ChainError } from "./error";
import { type Answer, HttpBackend, type HttpBackendOptions } from "./http-backend";
import { type Json, JsonReader, type JsonReaderOptions } from "./json-stream";
import { rejection, shortened } from "./reject";
import { isObject, malformed, objectOf } from "./shape";

export interface CoreRpcOptions extends HttpBackendOptions {
  readonly user: string;
  readonly password: string;
}

/** What the node answered instead of a result, unless its caller knows what to do about it. */
class RpcError extends ChainError {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super("malformed", message);
  }
}

// Codes: src/rpc/protocol.h.
export const MISCELLANEOUS = -1;
export const NOT_FOUND = -5;
export const INVALID_PARAMETER = -8;
const DECODE_FAILED = -22;
const MISSING_INPUTS = -25;
const REJECTED = -26;
const ALREADY_KNOWN = -27;
const WARMING_UP = -28;
export const METHOD_NOT_FOUND = -32601;
export const INTERNAL_ERROR = -32603;

const REFUSALS: readonly number[] = constant([DECODE_FAILED, MISSING_INPUTS, REJECTED, ALREADY_KNOWN]);
export class CoreRpc extends HttpBackend {
  readonly #headers: Readonly<Record<string, string>>;
  #calls = 0;

  constructor(options: CoreRpcOptions) {
    super(options);
    const credentials = toBase64(encodeUtf8(`${options.user}:${options.password}`));
    this.#headers = { "Content-Type": "application/json", Authorization: `Basic ${credentials}` };
  }

  /**
   * The result; rejects with an RpcError that the caller may know what to do about, or with a
   * ChainError.
   */
  async call(method: string, params: readonly unknown[], json: JsonReaderOptions = {}, timeoutMs?: Millisecond) {
    const id = ++this.#calls;
    const answer = await this.ask({
      method: "POST",
      path: "",
      headers: this.#headers,
      // Before 28.0 the version is not looked at, and failures come as HTTP 500 or 404.
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      json,
      // All but these are questions.
      repeatable: method !== "sendrawtransaction" && method !== "scantxoutset",
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const { id: said, result = null, error = null } = this.envelope(answer, method);
    if (error !== null) throw this.failure(method, error);
    if (said !== id) throw malformed(`the answer to call ${id}`, said);
    return result;
  }

  private envelope(answer: Answer, method: string) {
    if (answer.status === 200) return objectOf(answer.json, `the answer to ${method}`);
    const failed = answer.status === 500 || answer.status === 404 ? parse(answer.text) : undefined;
    const { error } = isObject(failed) ? failed : {};
    if (isObject(failed) && isObject(error)) return failed;
    throw this.unexpected(answer, `an answer to ${method}`);
  }

  private failure(method: string, error: Json): Error {
    const { code, message } = objectOf(error, "an error of JSON-RPC");
    if (typeof code !== "number" || typeof message !== "string") throw malformed("an error's code and message", code);
    if (code === ALREADY_KNOWN) return new ChainError("already-known", message);
    if (REFUSALS.includes(code)) return rejection(message);
    const said = `${this.name} answered ${method} with ${code}: ${shortened(message)}`;
    if (code === WARMING_UP) return new ChainError("away", said);
    return new RpcError(code, said);
  }
}

export function isRpc(error: unknown, code: number): error is RpcError {
  return error instanceof RpcError && error.code === code;
}

function parse(text: string): Json | undefined {
  try {
    const reader = new JsonReader();
    reader.push(encodeUtf8(text));
    return reader.end();
  } catch {
    return undefined;
  }
}
