// Each transformation by itself, on small modules: what it makes, what it refuses, and that it
// gives the same results.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readModule } from "../../tools/wallet/library";
import { noBigIntArrays } from "../../tools/wallet/steps/bigint-arrays";
import { bigintEquality } from "../../tools/wallet/steps/bigint-equality";
import { constantParameters, freezeCoders, freezeTables } from "../../tools/wallet/steps/frozen";
import { inlineCalls } from "../../tools/wallet/steps/inline";
import { regexpsAtUse } from "../../tools/wallet/steps/regexps";
import { unrollRounds } from "../../tools/wallet/steps/rounds";
import { dropScratch, localScratch } from "../../tools/wallet/steps/scratch";
import { applySteps, type Step } from "../../tools/wallet/steps/step";
import { keepUsedParts } from "../../tools/wallet/steps/used-parts";
import { flatSums, shorterChoice, shorterMajority, signedShifts } from "../../tools/wallet/steps/words";
import { expression, type Module, parseModule, printExpression, printModule } from "../../tools/wallet/syntax";

function apply(source: string, step: Step): string {
  const module: Module = { specifier: "m", program: parseModule(source) };
  applySteps(new Map([["m", module]]), [step]);
  return printModule(module.program);
}

/** Evaluates a module's text and gives what `result` names in it. */
function evaluate<T>(source: string, result: string): T {
  return new Function(`${source.replace(/^export .*$/gm, "")}; return ${result};`)() as T;
}

const squeezed = (source: string) => source.replace(/\s+/g, " ").trim();

describe("every step", () => {
  it("stops the build where it finds nothing to do", () => {
    for (const step of [
      bigintEquality,
      constantParameters("m"),
      freezeCoders("m"),
      noBigIntArrays("m", "a"),
      regexpsAtUse("m"),
    ])
      assert.throws(() => apply("const a = 1;", step), /found nothing to do/);
    assert.throws(() => apply("const a = 1;", inlineCalls("m", ["f"])), /expected a top-level declaration of f/);
    assert.throws(() => apply("const f = (a) => a;", inlineCalls("m", ["f"])), /expected calls of f/);
    assert.throws(() => apply("const a = 1;", freezeTables("m", ["b"])), /expected m to declare b/);
  });

  it("is not even tried on a library whose text is not the pinned one", () => {
    const pins = { "@noble/hashes/hmac.js": "00" };
    assert.throws(
      () => readModule("@noble/hashes/hmac.js", pins),
      /not the file that the transformations were made for/,
    );
    assert.throws(() => readModule("@noble/hashes/hmac.js", {}), /no such module/);
  });
});

describe("used parts", () => {
  it("are kept over modules, and nothing else is", () => {
    const modules = keepUsedParts({ "@noble/hashes/legacy.js": ["ripemd160"] });
    const text = [...modules.values()].map((module) => printModule(module.program)).join("\n");
    assert.ok(text.includes("class _RIPEMD160") && text.includes("class HashMD"));
    assert.ok(!text.includes("class _SHA1") && !text.includes("class _MD5") && !/\bvar\b/.test(text));
  });

  it("name an export that does not exist", () => {
    assert.throws(() => keepUsedParts({ "@noble/hashes/legacy.js": ["md17"] }), /to export md17/);
  });
});

describe("equality", () => {
  it("becomes Object.is where both sides may be BigInts, literals among them", () => {
    const out = apply("const f = (a, b) => a === b || a !== 0n; BigInt;", bigintEquality);
    assert.match(out, /Object\.is\(a, b\) \|\| !Object\.is\(a, 0n\)/);
  });

  it("stays where one side cannot be a BigInt", () => {
    const kept = "const f = (a, b) => a.length === b || typeof a === 'bigint' || a == null || a === 1 || a === 'x';";
    const out = apply(`${kept} const g = (a, b) => a === b; BigInt;`, bigintEquality);
    assert.ok(squeezed(out).startsWith(squeezed(printModule(parseModule(kept)))));
  });

  it("refuses a switch over BigInts", () => {
    assert.throws(() => apply("const f = (a) => { switch (a) { case 1n: return 1; } };", bigintEquality), /switch/);
  });
});

describe("regular expressions", () => {
  it("are made where they are used, and nothing of them is left before", () => {
    const source = "const WORD = /^[a-z/]+$/i; const is = (text) => WORD.test(text) && { WORD: 1 }.WORD === 1;";
    const out = apply(source, regexpsAtUse("m"));
    assert.ok(!out.includes("const WORD"));
    const [before, after] = [source, out].map((text) => evaluate<(text: string) => boolean>(text, "is"));
    for (const text of ["", "ab", "A/b", "a1"]) assert.equal(after?.(text), before?.(text));
  });

  it("stay where they are inside of a function", () => {
    const inner = "const f = text => (/a/).test(text);";
    const out = apply(`const A = /b/; const g = (text) => A.test(text); ${inner}`, regexpsAtUse("m"));
    assert.ok(squeezed(out).endsWith(inner));
  });

  it("stop the build where one is used, or made, while the module is loaded, or keeps state", () => {
    const broken = {
      "uses A while it is loaded": "const A = /a/; const is = A.test('a');",
      "makes /b/ while it is loaded": "const A = /a/; const f = () => A; const list = [/b/];",
      "remember nothing, found /a/g": "const A = /a/g; const f = () => A;",
    };
    for (const [why, source] of Object.entries(broken))
      assert.throws(
        () => apply(source, regexpsAtUse("m")),
        (error: Error) => error.message.includes(why),
      );
  });
});

describe("inlining", () => {
  const rotr = "function rotr(word, shift) { return (word << (32 - shift)) | (word >>> shift); }";

  it("gives the same results without the call", () => {
    const source = `${rotr} const use = (x) => rotr(x, 7) ^ rotr(x, 18);`;
    const out = apply(source, inlineCalls("m", ["rotr"]));
    assert.ok(!/=> rotr/.test(out));
    const [before, after] = [source, out].map((text) => evaluate<(x: number) => number>(text, "use"));
    for (const x of [0, 1, -1, 0x7fffffff, -0x80000000, 123456789]) assert.equal(after?.(x), before?.(x));
  });

  it("leaves a call whose argument would be computed twice", () => {
    assert.throws(
      () => apply(`${rotr} const use = (x) => rotr(x + 1, 7);`, inlineCalls("m", ["rotr"])),
      /expected calls/,
    );
  });

  it("refuses a function with effects", () => {
    assert.throws(() => apply("let n = 0; const f = (a) => (n += a); f(1);", inlineCalls("m", ["f"])), /pure/);
  });
});

describe("words", () => {
  const corners = [0, 1, -1, 2, 0x7fffffff, -0x80000000, 0x12345678, -0x12345678];
  const same = (source: string, change: typeof signedShifts) => {
    const names = ["a", "b", "c"];
    const before = new Function(...names, `return (${source}) | 0`) as (...values: number[]) => number;
    const text = printExpression(change(expression(`(${source}) | 0`)));
    const after = new Function(...names, `return ${text}`) as (...values: number[]) => number;
    for (const a of corners)
      for (const b of corners) for (const c of corners) assert.equal(after(a, b, c), before(a, b, c));
    return text;
  };

  it("shift with a sign and a mask", () => {
    for (const by of [1, 7, 16, 31]) assert.ok(!same(`a >>> ${by}`, signedShifts).includes(">>>"));
  });

  it("choose and take majorities with fewer operators", () => {
    assert.match(same("(a & b) ^ (~a & c)", shorterChoice), /c \^ a & \(b \^ c\)/);
    assert.match(same("(a & b) ^ (a & c) ^ (b & c)", shorterMajority), /a & \(b \^ c\) \^ b & c/);
  });

  it("are summed without truncating in between", () => {
    assert.equal(same("a + ((b + c) | 0)", flatSums).match(/\| 0/g)?.length, 1);
  });
});

describe("unrolling", () => {
  const source = `const K = Uint32Array.from([1, 0xffffffff, 3, 4]);
    const W = new Uint32Array(4);
    class Hash {
      A = 5; B = 7;
      process(view, offset) {
        for (let i = 0; i < 4; i++, offset += 4) W[i] = view.getUint32(offset, false);
        let { A, B } = this;
        for (let i = 0; i < 4; i++) {
          const T = (A + K[i] + W[i]) | 0;
          A = B;
          B = (T + A) | 0;
        }
        this.set(A, B);
      }
      set(A, B) { this.A = A | 0; this.B = B | 0; }
      roundClean() { clean(W); }
    }`;
  const options = { specifier: "m", className: "Hash", method: "process", scratch: "W", table: "K" };

  it("gives straight-line code with the same results, and the scratch array can go", () => {
    const out = apply(apply(source, unrollRounds(options)), dropScratch("m", "W", "clean"));
    assert.ok(!/\bfor\b|\bW\b/.test(out));
    const view = new DataView(Uint8Array.from({ length: 20 }, (_, i) => i * 83).buffer);
    const run = (text: string) => {
      const hash = evaluate<{ A: number; B: number; process(view: DataView, offset: number): void }>(
        text,
        "new Hash()",
      );
      hash.process(view, 4);
      return [hash.A, hash.B];
    };
    assert.deepEqual(run(out), run(source));
  });

  it("keeps a scratch array that is still read", () => {
    assert.throws(() => apply(source, dropScratch("m", "W", "clean")), /expected nothing but clean\(W\)/);
  });
});

describe("scratch buffers", () => {
  it("become locals of the functions that use them", () => {
    const out = apply(
      "const B = new Uint32Array(2); const f = (a) => { B[0] = a; return B[0] + B[1]; }; function g() { clean(B); }",
      localScratch("m", "B", "clean"),
    );
    assert.match(squeezed(out), /\{ const B = new Uint32Array\(2\); B\[0\] = a;/);
    assert.match(squeezed(out), /function g\(\) \{ ?\}/);
    assert.equal(evaluate<(a: number) => number>(out, "f")(4), 4);
  });
});

describe("BigInts in arrays", () => {
  it("move to objects with a name a place, and patterns follow", () => {
    const source =
      "const f = (() => { const t = [1, BigInt(5), 7n]; const [a, b, c] = t; return [a, String(b), String(c)].join(); })();";
    const out = apply(source, noBigIntArrays("m", "f"));
    assert.ok(!/\[1, ?BigInt/.test(out));
    assert.equal(evaluate(out, "f"), evaluate(source, "f"));
  });
});

describe("what is preloaded", () => {
  it("is frozen, and parameters that inner functions hold become constants", () => {
    const source =
      "const make = (inner, size = 2) => ({ get: () => inner + size }); const made = make(3); const list = [1];";
    const out = apply(apply(apply(source, constantParameters("m")), freezeCoders("m")), freezeTables("m", ["list"]));
    assert.match(out, /const inner = inner_given, size = size_given/);
    assert.equal(evaluate(out, "made.get() + Number(Object.isFrozen(made)) + Number(Object.isFrozen(list))"), 7);
  });

  it("keeps a parameter that is assigned", () => {
    assert.throws(
      () => apply("const f = (a) => { a += 1; return () => a; };", constantParameters("m")),
      /nothing to do/,
    );
  });
});
