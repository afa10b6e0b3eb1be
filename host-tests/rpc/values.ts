// XML-RPC values for the tests: as the vectors write them in JSON, and at random.

import fc from "fast-check";
import { DateTime, Double, INT_MAX, INT_MIN, type Struct, type Value } from "../../shared/rpc/xmlrpc";

/** A value as JSON, as host-tests/vectors/xmlrpc/ has it; base64 as Latin-1 text. */
export function toJson(value: Value): unknown {
  if (value instanceof Double) return { double: value.value };
  if (value instanceof DateTime) return { dateTime: value.iso8601 };
  if (value instanceof Uint8Array) return { base64: String.fromCharCode(...value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object") return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value as Struct);
  const members = entries.map(([name, member]) => [name, toJson(member)]);
  return { struct: Object.fromEntries(members) };
}

/** Text of characters that XML has. */
export const xmlText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\t\n\r -~]/g, "")),
  fc.stringMatching(/^[<>&"' \r\n\t;#a-z0-9\]é€😀]{0,20}$/u),
);

export const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.integer({ min: INT_MIN, max: INT_MAX }),
    fc.boolean(),
    xmlText,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => new Double(value)),
    fc.constantFrom("19980717T14:08:55", "20261122T00:00:00").map((text) => new DateTime(text)),
    fc.uint8Array({ maxLength: 12 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(xmlText, tie("value"), { maxKeys: 4 }),
  ),
}));
