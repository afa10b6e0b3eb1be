// Inlining of small pure functions: a call costs 1,250 instructions on XS's rv32 build, an operator
// 130. A function qualifies when its body is one expression over its parameters and over names of
// its module that are constants.

import {
  child,
  copy,
  findFunction,
  isIdentifier,
  isLiteral,
  isNode,
  isReference,
  list,
  type Module,
  type Node,
  namesIn,
  rewrite,
  text,
  walk,
} from "../syntax";
import { moduleOf, type Step } from "./step";

interface Small {
  readonly parameters: readonly string[];
  readonly body: Node;
}

/**
 * Inlines calls of `names`, functions of the module `from`, in the module `into`. Each must be
 * called somewhere.
 */
export function inlineCalls(from: string, names: readonly string[], into: string = from): Step {
  return {
    name: `inline ${names.join(", ")} in ${into}`,
    apply(modules) {
      const target = moduleOf(modules, into);
      let count = 0;
      for (const name of names) {
        const changed = inlineOne(target, name, smallFunction(moduleOf(modules, from), name), from === into);
        if (changed === 0) throw new Error(`wallet: expected calls of ${name} in ${into}, found none`);
        count += changed;
      }
      return count;
    },
  };
}

/** The function as parameters and one expression. Throws where it is not that small or not pure. */
function smallFunction(module: Module, name: string): Small {
  const node = findFunction(module, name);
  const parameters = list(node, "params").map((parameter) => {
    if (!isIdentifier(parameter)) throw new Error(`wallet: expected ${name} to have plain parameters`);
    return text(parameter, "name");
  });
  let body = child(node, "body");
  if (body.type === "BlockStatement") {
    const [only, ...rest] = list(body, "body");
    if (only?.type !== "ReturnStatement" || rest.length > 0)
      throw new Error(`wallet: expected ${name} in ${module.specifier} to be one return statement`);
    body = child(only, "argument");
  }
  walk(body, (one) => {
    if (/Call|New|Assignment|Update|Await|Yield|This|Function/.test(one.type))
      throw new Error(`wallet: expected ${name} in ${module.specifier} to be pure, found ${one.type}`);
  });
  return { parameters, body };
}

function inlineOne(target: Module, name: string, small: Small, sameModule: boolean): number {
  let count = 0;
  const free = [...namesIn(small.body)].filter((one) => !small.parameters.includes(one));
  if (!sameModule && free.length > 0) throw new Error(`wallet: ${name} uses ${free.join(", ")} of its own module`);
  const body = list(target.program, "body");
  for (let i = 0; i < body.length; i++)
    body[i] = rewrite(body[i] as Node, (node) => {
      if (node.type !== "CallExpression" || !isIdentifier(node.callee, name)) return undefined;
      const values = list(node, "arguments");
      if (
        !values.every((value, at) => isSimple(value) || usesOf(small, at) <= 1) ||
        values.length !== small.parameters.length
      )
        return undefined;
      count += 1;
      return put(small, values);
    });
  return count;
}

/** What may be written twice: it costs nothing and has no effect. */
function isSimple(value: Node): boolean {
  return isIdentifier(value) || isLiteral(value) || value.type === "ThisExpression";
}

function usesOf(small: Small, at: number): number {
  let uses = 0;
  walk(small.body, (node, parent, field) => {
    if (isIdentifier(node, small.parameters[at]) && isReference(parent, field)) uses += 1;
  });
  return uses;
}

function put(small: Small, values: readonly Node[]): Node {
  const go = (node: Node, parent: Node | undefined, field: string): Node => {
    const at = isIdentifier(node) && isReference(parent, field) ? small.parameters.indexOf(text(node, "name")) : -1;
    if (at >= 0) return copy(values[at] as Node);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) node[key] = value.map((one) => (isNode(one) ? go(one, node, key) : one));
      else if (isNode(value)) node[key] = go(value, node, key);
    }
    return node;
  };
  return go(copy(small.body), undefined, "");
}
