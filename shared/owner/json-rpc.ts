// JSON-RPC 2.0 (jsonrpc.org/specification), the answering side: requests, notifications and batches
// over whatever carries them. Who may call what is for the methods to say; they get told which way
// a call came.

import { jsonOf } from "../journal/json";
import { constant } from "../kernel/constant";
import { NamedError } from "../kernel/named-error";
import { isList, isObject, type Json, JsonError, type JsonObject, readJson } from "./json";

/**
 * Which way a call came: by the wire on the bench, or by the link, where somebody in the middle may
 * have changed it.
 */
export type Way = "serial" | "http";

/** The specification's codes, then those that it leaves to a server. */
export const RPC_CODES = constant({
  "parse-error": [-32700, "Parse error"],
  "invalid-request": [-32600, "Invalid Request"],
  "method-not-found": [-32601, "Method not found"],
  "invalid-params": [-32602, "Invalid params"],
  "internal-error": [-32603, "Internal error"],
  "serial-only": [-32001, "Only over the serial port"],
  refused: [-32002, "Refused"],
  "not-here": [-32003, "Not on this device"],
} as const satisfies Record<string, readonly [code: number, message: string]>);

export type RpcErrorName = keyof typeof RPC_CODES;

/**
 * A call's error. `why` says in a sentence what was expected; `problems` name the parameters or
 * settings that are wrong.
 */
export class RpcError extends NamedError {
  override readonly name = "RpcError";
  constructor(
    readonly error: RpcErrorName,
    readonly why: string,
    readonly problems?: readonly Problem[],
  ) {
    super(`${RPC_CODES[error][1]}: ${why}`);
  }
}

export interface Problem {
  readonly name: string;
  readonly why: string;
}

export type Params = ReadonlyMap<string, Json>;

export interface Method {
  /** Names of the parameters, in the order in which they may come without names. */
  readonly params: readonly string[];
  call(params: Params, way: Way): unknown;
}

export interface JsonRpcOptions {
  readonly methodOf: (name: string) => Method | undefined;
  /** Told of what nobody expected; the client got the error internal-error, and no more. */
  readonly onError: (error: unknown, method: string) => void;
}

/** Requests in a batch: each answer waits in memory for the last. */
const MOST_IN_BATCH = 10;
const LONGEST_ID = 64;

export class JsonRpc {
  constructor(private readonly options: JsonRpcOptions) {}

  /**
   * The answer's text; undefined where there is none to give, as to notifications. Never rejects.
   */
  async answer(request: Uint8Array, way: Way): Promise<string | undefined> {
    let given: Json;
    try {
      given = readJson(request);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return errorText(null, new RpcError("parse-error", error.message));
    }
    if (!isList(given)) return this.one(given, way);
    if (given.length === 0 || given.length > MOST_IN_BATCH)
      return errorText(null, invalid(`expected a batch of 1 to ${MOST_IN_BATCH} requests, came ${given.length}`));
    const answers: string[] = [];
    // One after the other, so that what one sets the next one sees.
    for (const each of given) {
      const answer = await this.one(each, way);
      if (answer !== undefined) answers.push(answer);
    }
    return answers.length === 0 ? undefined : `[${answers.join()}]`;
  }

  private async one(request: Json, way: Way): Promise<string | undefined> {
    const wrong = problemOf(request);
    if (wrong !== undefined || !isObject(request)) return errorText(idOf(request), invalid(wrong ?? ""));
    const isNotification = !request.has("id");
    const answer = await this.called(request, way);
    return isNotification ? undefined : answer;
  }

  private async called(request: JsonObject, way: Way): Promise<string> {
    const id = idOf(request);
    const name = String(request.get("method"));
    try {
      const method = this.options.methodOf(name);
      if (!method) throw new RpcError("method-not-found", "docs/owner.md lists all methods");
      const result = await method.call(paramsOf(method, request.get("params")), way);
      return `{"jsonrpc":"2.0","result":${jsonOf(result ?? null)},"id":${jsonOf(id)}}`;
    } catch (error) {
      if (error instanceof RpcError) return errorText(id, error);
      this.options.onError(error, name);
      return errorText(id, new RpcError("internal-error", "the device failed on its own side; its console says why"));
    }
  }
}

/** An answer that says `error`; `id` is null where the request's could not be read. */
export function errorText(id: Json, { error, why, problems }: RpcError): string {
  const [code, message] = RPC_CODES[error];
  const data = problems ? { why, problems } : { why };
  return `{"jsonrpc":"2.0","error":${jsonOf({ code, message, data })},"id":${jsonOf(id)}}`;
}

function problemOf(request: Json): string | undefined {
  if (!isObject(request)) return "expected an object";
  if (request.get("jsonrpc") !== "2.0") return 'expected "jsonrpc": "2.0"';
  if (typeof request.get("method") !== "string") return "expected a method's name as a text";
  const params = request.get("params");
  if (params !== undefined && !isList(params) && !isObject(params)) return "expected params as a list or an object";
  return request.has("id") && !isId(request.get("id"))
    ? "expected an id that is a short text, a number or null"
    : undefined;
}

/** As far as it can be told. */
function idOf(request: Json): Json {
  const id = isObject(request) ? request.get("id") : null;
  return isId(id) ? (id as Json) : null;
}

/** A number that JavaScript would change is none: the client would not know its answer again. */
function isId(id: Json | undefined): boolean {
  if (typeof id === "string") return id.length <= LONGEST_ID;
  if (typeof id === "number") return !Number.isInteger(id) || Number.isSafeInteger(id);
  return id === null;
}

function paramsOf({ params }: Method, given: Json | undefined): Params {
  if (given === undefined) return new Map();
  if (isObject(given)) {
    const unknown = [...given.keys()].filter((name) => !params.includes(name));
    if (unknown.length === 0) return given;
    throw new RpcError("invalid-params", `expected no parameters but ${named(params)}`, unknownOf(unknown));
  }
  const list = given as readonly Json[];
  if (list.length > params.length)
    throw new RpcError("invalid-params", `expected at most ${params.length} parameters, came ${list.length}`);
  const byName = new Map<string, Json>();
  list.forEach((value, at) => {
    byName.set(params[at] as string, value);
  });
  return byName;
}

function unknownOf(names: readonly string[]): readonly Problem[] {
  return names.slice(0, 4).map((name) => ({ name: name.slice(0, LONGEST_ID), why: "there is no such parameter" }));
}

function named(params: readonly string[]): string {
  return params.length === 0 ? "none at all" : params.join(", ");
}

function invalid(why: string): RpcError {
  return new RpcError("invalid-request", why);
}
