// Parameters of a call, checked one by one; each throws the error invalid-params with what was
// expected. What came is not repeated: it may be a secret.

import { checkText, checkWhole, type Fail } from "../kernel/check";
import { isObject, type JsonObject } from "./json";
import { type Params, RpcError } from "./json-rpc";

const fail: Fail = (name, expected) => wrong(name, `expected ${expected}`);

export function wholeOf(params: Params, name: string, least: number, most: number): number | undefined {
  const value = params.get(name);
  if (value === undefined || value === null) return undefined;
  return checkWhole(value, least, most, name, fail);
}

export function textOf(params: Params, name: string): string | undefined {
  const value = params.get(name);
  if (value === undefined || value === null) return undefined;
  return checkText(value, Number.POSITIVE_INFINITY, name, fail);
}

export function objectOf(params: Params, name: string): JsonObject {
  const value = params.get(name);
  if (!isObject(value)) throw fail(name, "an object", value);
  return value;
}

export function wrong(name: string, why: string): RpcError {
  return new RpcError("invalid-params", `${name}: ${why}`, [{ name, why }]);
}
