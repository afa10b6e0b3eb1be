// Equality that is right for BigInts in flash. XS's `===`, `!==`, `==` and `!=` know BigInts on the
// heap and BigInts in flash as two kinds, and find a pair of both unequal whatever its values; a
// literal counts as one on the heap. `Object.is` compares values. Only a linked image can show the
// difference (docs/moddable.md).

import {
  bigintOf,
  child,
  isIdentifier,
  isLiteral,
  isNode,
  list,
  type Module,
  type Node,
  rewrite,
  text,
  walk,
} from "../syntax";
import type { Step } from "./step";

export const bigintEquality: Step = {
  name: "equality that is right for BigInts in flash",
  apply(modules) {
    let count = 0;
    for (const module of modules.values()) if (knowsBigInts(module)) count += rewriteModule(module);
    return count;
  },
};

/** True where a module mentions BigInts at all; the hash functions do not. */
function knowsBigInts(module: Module): boolean {
  let found = false;
  walk(module.program, (node) => {
    if (isIdentifier(node, "BigInt") || bigintOf(node) !== undefined) found = true;
  });
  return found;
}

function rewriteModule(module: Module): number {
  let count = 0;
  rewrite(module.program, (node) => {
    if (node.type === "SwitchStatement" && list(node, "cases").some((one) => isNode(one.test) && mayBeBigInt(one.test)))
      throw new Error(`wallet: expected ${module.specifier} not to switch over BigInts`);
    if (node.type !== "BinaryExpression") return undefined;
    const operator = text(node, "operator");
    const [left, right] = [child(node, "left"), child(node, "right")];
    if (!/^[=!]==?$/.test(operator) || !mayBeBigInt(left) || !mayBeBigInt(right)) return undefined;
    count += 1;
    const same: Node = {
      type: "CallExpression",
      optional: false,
      callee: {
        type: "MemberExpression",
        computed: false,
        optional: false,
        object: { type: "Identifier", name: "Object" },
        property: { type: "Identifier", name: "is" },
      },
      arguments: [left, right],
    };
    return operator.startsWith("!") ? { type: "UnaryExpression", operator: "!", prefix: true, argument: same } : same;
  });
  return count;
}

/** False for what can be told from the text to be no BigInt. */
function mayBeBigInt(node: Node): boolean {
  if (isLiteral(node)) return bigintOf(node) !== undefined;
  if (isIdentifier(node, "undefined")) return false;
  if (node.type === "UnaryExpression") return node.operator === "-" && mayBeBigInt(child(node, "argument"));
  if (node.type === "MemberExpression" && node.computed === false)
    return !/^(length|constructor|byteLength|buffer)$/.test(text(child(node, "property"), "name"));
  if (node.type === "CallExpression") return !isTypeTest(child(node, "callee"));
  // With a number on one side arithmetic gives a number, or throws.
  if (node.type === "BinaryExpression") return mayBeBigInt(child(node, "left")) && mayBeBigInt(child(node, "right"));
  return !/^(TemplateLiteral|ObjectExpression|ArrayExpression|ThisExpression|.*Function.*)$/.test(node.type);
}

function isTypeTest(callee: Node): boolean {
  return isIdentifier(callee, "String") || isIdentifier(callee, "Number") || isIdentifier(callee, "Boolean");
}
