// Fuzzing the backends' answers: honest ones, spoiled in a byte, a value or a piece. An input is
// one byte for the backend, one for the call, one for the request of that call, and the answer to
// that request.

import { FuzzFailure, randomFrom } from "../fuzz/target";
import { CALL_NAMES, CANNED, type CallName, type Canned } from "./canned";
import { ask } from "./hostile";

type Random = (limit: number) => number;

const VALUES = [
  "-1",
  "0",
  "0.5",
  "1e999",
  "-0",
  "9007199254740993",
  '"x"',
  "null",
  "true",
  "[]",
  "{}",
  '""',
  "NaN",
  "1E-9",
];
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\u0000",
  "\\",
  "\n",
  " ",
  '"error":{"code":-26,"message":"dust"},',
  "é",
  '"spent":true',
  "null",
  "\u0000",
  '{"a":',
];

/** Throws a FuzzFailure with the input at the first answer that is handled wrongly. */
export async function fuzzBackends(runs: number, seed: number): Promise<void> {
  const random = randomFrom(seed);
  for (let run = 0; run < runs; run++) {
    const input = await makeInput(random);
    try {
      await replayAnswer(input);
    } catch (error) {
      throw new FuzzFailure(input, error);
    }
  }
}

export async function replayAnswer(input: Uint8Array): Promise<void> {
  const [backend = 0, call = 0, nth = 0] = input;
  const body = input.subarray(3);
  const { canned, name } = choose(backend, call);
  await ask(canned, name, (honest, at) => (at === nth ? { ...honest, body } : honest));
}

function choose(backend: number, call: number): { canned: Canned; name: CallName } {
  return {
    canned: CANNED[backend % CANNED.length] as Canned,
    name: CALL_NAMES[call % CALL_NAMES.length] as CallName,
  };
}

async function makeInput(random: Random): Promise<Uint8Array> {
  const backend = random(CANNED.length);
  const call = random(CALL_NAMES.length);
  const { canned, name } = choose(backend, call);
  const answers: string[] = [];
  await ask(canned, name, (honest) => {
    answers.push(String(honest.body));
    return honest;
  });
  const nth = random(answers.length);
  let body: Buffer = Buffer.from(answers[nth] ?? "");
  for (let i = random(3); i >= 0; i--) body = spoil(body, random);
  return Uint8Array.from([backend, call, nth, ...body]);
}

function spoil(body: Buffer, random: Random): Buffer {
  const text = body.toString("latin1");
  const at = random(text.length + 1);
  const piece = PIECES[random(PIECES.length)] as string;
  switch (random(6)) {
    case 0: {
      const values = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g)];
      const value = values[random(values.length)];
      if (!value) return body;
      const chosen = VALUES[random(VALUES.length)] as string;
      return Buffer.from(text.slice(0, value.index) + chosen + text.slice(value.index + value[0].length), "latin1");
    }
    case 1:
      return Buffer.from(text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1), "latin1");
    case 2:
      return Buffer.from(text.slice(0, at) + text.slice(at + 1 + random(20)), "latin1");
    case 3:
      return Buffer.from(text.slice(0, at) + piece + text.slice(at), "utf8");
    case 4:
      return Buffer.from(text.slice(0, at) + text.slice(at, at + random(80)) + text.slice(at), "latin1");
    default:
      return Buffer.from(text.slice(0, at), "latin1");
  }
}
