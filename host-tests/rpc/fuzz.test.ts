// The fuzzing of the wire, in small: a few thousand inputs, and that the tool finds what is
// planted.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import * as rpc from "../../lab/fuzz/rpc";
import { FuzzFailure, fuzzBytes, isTarget } from "../../lab/fuzz/target";

const CORPUS = new URL("../../lab/corpus/rpc/", import.meta.url);

test("the wire holds against inputs kept from earlier fuzzing", () => {
  for (const file of existsSync(CORPUS) ? readdirSync(CORPUS) : []) {
    rpc.replay(new Uint8Array(readFileSync(new URL(file, CORPUS))));
  }
});

test("the wire holds against three thousand mutated messages", () => {
  assert.ok(isTarget(rpc));
  rpc.fuzz(3000, 7);
});

test("fuzzing finds a planted fault, shortens its input, and does the same again from the same seed", () => {
  const check = (input: Uint8Array): void => {
    if (Buffer.from(input).includes("<nil/>")) throw new Error("planted");
  };
  const good = [Uint8Array.from(Buffer.from("<value><int>1</int></value>"))];
  const dictionary = [Uint8Array.from(Buffer.from("<nil/>"))];
  for (let i = 0; i < 2; i++) {
    assert.throws(
      () => fuzzBytes({ runs: 1000, seed: 3, good, dictionary, check }),
      (error) =>
        error instanceof FuzzFailure &&
        Buffer.from(error.input).toString() === "<nil/>" &&
        /planted/.test(error.message),
    );
  }
});
