// No BigInts in preloaded arrays: the SDK's linker counts BigInts in objects but not in arrays, and
// overruns its buffer (docs/sdk-defects.md). Array literals that hold BigInts become objects with a
// name a place; the patterns that take them apart become object patterns. Names, not numbers: XS
// keeps properties that are named by integers as an array.

import { bigintOf, findDeclaration, isIdentifier, isNode, list, type Node, rewrite } from "../syntax";
import { frozen } from "./frozen";
import { moduleOf, type Step } from "./step";

/** Within one top-level declaration, where both the arrays and all patterns over them are. */
export function noBigIntArrays(specifier: string, declaration: string): Step {
  return {
    name: `no BigInts in arrays of ${declaration} in ${specifier}`,
    apply(modules) {
      const root = findDeclaration(moduleOf(modules, specifier), declaration);
      let arrays = 0;
      let patterns = 0;
      rewrite(root, (node) => {
        if (node.type === "ArrayExpression" && list(node, "elements").some(isBigInt)) {
          arrays += 1;
          return frozen({ type: "ObjectExpression", properties: placed(list(node, "elements")) });
        }
        if (node.type === "ArrayPattern") {
          patterns += 1;
          return { type: "ObjectPattern", properties: placed(list(node, "elements")) };
        }
        return undefined;
      });
      if (arrays > 0 && patterns === 0)
        throw new Error(`wallet: expected ${declaration} in ${specifier} to take its arrays apart by patterns`);
      return arrays;
    },
  };
}

function isBigInt(node: unknown): boolean {
  if (!isNode(node)) return false;
  return bigintOf(node) !== undefined || (node.type === "CallExpression" && isIdentifier(node.callee, "BigInt"));
}

function placed(elements: readonly Node[]): Node[] {
  return elements.map((value, at) => ({
    type: "Property",
    kind: "init",
    method: false,
    shorthand: false,
    computed: false,
    key: { type: "Identifier", name: `place${at}` },
    value,
  }));
}
