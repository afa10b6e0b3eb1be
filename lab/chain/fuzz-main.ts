// The process in which lab/fuzz/chain.ts fuzzes: `runs SEED RUNS`, or `replay HEX`. An input that
// fails is printed as a line of hex on stdout, why on stderr.

import { FuzzFailure } from "../fuzz/target";
import { fuzzBackends, replayAnswer } from "./fuzz-backends";

const [mode, first = "", second = ""] = process.argv.slice(2);
try {
  if (mode === "replay") await replayAnswer(Uint8Array.from(Buffer.from(first, "hex")));
  else await fuzzBackends(Number(second), Number(first));
} catch (error) {
  if (error instanceof FuzzFailure) console.log(Buffer.from(error.input).toString("hex"));
  console.error(error);
  process.exitCode = 1;
}
