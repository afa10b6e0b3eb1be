// What `npm start -- --json` prints, against docs/start.schema.json.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";

const SCHEMA = JSON.parse(readFileSync(join(import.meta.dirname, "../../docs/start.schema.json"), "utf8")) as object;
const validate = new Ajv({ allowUnionTypes: true, allErrors: true }).compile(SCHEMA);

/** What is wrong with a line of the output, once it was read; empty where it is well. */
export function schemaFaults(line: unknown): readonly string[] {
  if (validate(line)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
