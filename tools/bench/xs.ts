// Runs a script on the desktop's XS (an xsnap-worker process) with the benchmark's `host`: `instret` counts units of
// the engine's meter there. For the factor between the two, and for tests of the wallet on XS.

import { XsEngine } from "../sim/engine-xs";

const SHIM = `globalThis.host = {
  print: (text) => void hostCall(JSON.stringify({ print: text })),
  instret: () => JSON.parse(hostCall("{}").head),
  seal() {}, heap: () => [0, 0], peak: () => [0, 0], profile() {},
};`;

/** Gives the lines that the script printed. Rejects where it throws. */
export async function runOnXs(script: string): Promise<string[]> {
  const engine = new XsEngine("script");
  const lines: string[] = [];
  let total = 0;
  engine.onCommand = ({ head }, meter) => {
    total += meter;
    const text = (head as { print?: string } | null)?.print;
    if (text !== undefined) lines.push(text);
    return { head: total };
  };
  try {
    await engine.load(`${SHIM}\n${script}`);
  } finally {
    engine.kill();
  }
  return lines;
}
