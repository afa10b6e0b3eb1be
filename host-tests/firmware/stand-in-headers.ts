// Headers of an SDK that a piece of glue includes, for compiling it on this machine: each of them
// is one stand-in.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes `headers` (without ".h") into `folder`, all with `text`, and `files` as they are. */
export function writeHeaders(
  folder: string,
  headers: readonly string[],
  text: string,
  files: Readonly<Record<string, string>> = {},
): void {
  const including = headers.map((header) => [`${header}.h`, '#include "stand-in.h"\n'] as const);
  for (const [name, content] of [["stand-in.h", text] as const, ...including, ...Object.entries(files)]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}
