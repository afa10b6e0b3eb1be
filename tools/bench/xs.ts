// Runs a script on the desktop's XS (an xsnap-worker process) with the benchmark's `host`:
// `instret` counts units of the engine's meter there; what a device's XS does to texts natively
// costs none. For the factor between the two, and for tests of the wallet on XS.

import { XsEngine } from "../../lab/sim/engine-xs";

const SHIM = `globalThis.host = {
  print: (text) => void hostCall(JSON.stringify({ print: text })),
  instret: () => JSON.parse(hostCall("{}").head),
  seal() {}, heap: () => [0, 0], peak: () => [0, 0], profile() {},
};
String.fromArrayBuffer ??= (buffer, offset = 0, length = buffer.byteLength - offset) => {
  const { decoded } = JSON.parse(hostCall(JSON.stringify({ decode: true }), buffer.slice(offset, offset + length)).head);
  if (decoded === null) throw new Error("expected ASCII");
  return decoded;
};
ArrayBuffer.fromString ??= (encode) => hostCall(JSON.stringify({ encode })).bytes;`;

interface Asked {
  readonly print?: string;
  readonly decode?: boolean;
  readonly encode?: string;
}

/** Gives the lines that the script printed. Rejects where it throws. */
export async function runOnXs(script: string): Promise<string[]> {
  const engine = new XsEngine("script");
  const lines: string[] = [];
  let total = 0;
  engine.onCommand = ({ head, bytes = new Uint8Array(0) }, meter) => {
    total += meter;
    const { print, decode, encode } = head as Asked;
    if (print !== undefined) lines.push(print);
    if (decode) return { head: { decoded: asciiOf(bytes) } };
    if (encode !== undefined) return { head: null, bytes: new TextEncoder().encode(encode) };
    return { head: total };
  };
  try {
    await engine.load(`${SHIM}\n${script}`);
  } finally {
    engine.kill();
  }
  return lines;
}

/** Null for anything else: the code that is measured has a way of its own for that. */
function asciiOf(bytes: Uint8Array): string | null {
  return bytes.some((byte) => byte === 0 || byte > 0x7f) ? null : Buffer.from(bytes).toString("latin1");
}
