// The compression function of SHA-256 as straight-line code: its three loops unrolled, its message
// schedule in variables instead of an array, its constants as literals, its eight moves a round
// followed instead of made.

import { emit, flatten, inlineSingleUses } from "../straight-line";
import { child, findDeclaration, findMethod, integerOf, isNode, list, type Module, type Node } from "../syntax";
import { moduleOf, type Step } from "./step";
import { flatSums, shorterChoice, shorterMajority, signedReads, signedShifts } from "./words";

export interface RoundsOptions {
  readonly specifier: string;
  readonly className: string;
  readonly method: string;
  /** Module-level scratch array that the method alone reads. */
  readonly scratch: string;
  /** Module-level table of constants. */
  readonly table: string;
}

export function unrollRounds(options: RoundsOptions): Step {
  return {
    name: `unroll ${options.className}.${options.method}`,
    apply(modules) {
      const module = moduleOf(modules, options.specifier);
      const method = findMethod(module, options.className, options.method);
      const body = child(method, "body");
      const code = flatten(list(body, "body"), {
        scratch: [options.scratch],
        tables: { [options.table]: constantsOf(module, options.table) },
      });
      inlineSingleUses(code);
      for (const [name, value] of code.values) code.values.set(name, tidy(value));
      code.effects.forEach((effect, i) => {
        code.effects[i] = tidy(effect);
      });
      body.body = emit(code);
      return list(body, "body").length;
    },
  };
}

function tidy(value: Node): Node {
  return flatSums(shorterMajority(shorterChoice(signedReads(signedShifts(value)))));
}

/** The numbers of `const NAME = Uint32Array.from([...])`. */
export function constantsOf(module: Module, name: string): number[] {
  const declaration = findDeclaration(module, name);
  const call = list(declaration, "declarations")[0]?.init;
  const array = isNode(call) && call.type === "CallExpression" ? list(call, "arguments")[0] : undefined;
  if (array?.type !== "ArrayExpression")
    throw new Error(`wallet: expected ${module.specifier} to have ${name} as Uint32Array.from([...])`);
  return list(array, "elements").map((element) => {
    const value = integerOf(element);
    if (value === undefined) throw new Error(`wallet: expected ${name} to hold integers only`);
    return value;
  });
}
