// An owner's command as it is typed, with a secret on its standard input. The chain's server may be
// in this process, so nothing blocks it meanwhile.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = join(import.meta.dirname, "../..");

export interface Said {
  readonly out: string;
  readonly err: string;
  readonly status: number | null;
}

/** `script`: its file below tools/. */
export async function typed(script: string, words: readonly string[], secret: string): Promise<Said> {
  const child = spawn(process.execPath, ["--import", "tsx", `tools/${script}`, ...words], { cwd: ROOT });
  // A command that refuses its words ends without reading.
  child.stdin.on("error", () => {});
  child.stdin.end(`${secret}\n`);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { out: out.trim(), err: err.trim(), status: child.exitCode };
}
