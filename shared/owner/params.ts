// Parameters of a call, checked one by one; each throws the error invalid-params with what was
// expected.

import { isObject, type JsonObject } from "./json";
import { type Params, RpcError } from "./json-rpc";

export function wholeOf(params: Params, name: string, least: number, most: number): number | undefined {
  const value = params.get(name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most)
    throw wrong(name, `expected a whole number from ${least} to ${most}`);
  return value;
}

export function textOf(params: Params, name: string): string | undefined {
  const value = params.get(name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrong(name, "expected a text");
  return value;
}

export function objectOf(params: Params, name: string): JsonObject {
  const value = params.get(name);
  if (!isObject(value)) throw wrong(name, "expected an object");
  return value;
}

export function wrong(name: string, why: string): RpcError {
  return new RpcError("invalid-params", `${name}: ${why}`, [{ name, why }]);
}
