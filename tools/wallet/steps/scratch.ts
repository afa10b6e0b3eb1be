// Module-level scratch buffers that are written: preloaded they lie in flash and throw "read-only buffer" at the first
// write. They become variables that are filled at their first use, in RAM, and functions that use one fetch it first.

import { child, findDeclaration, isIdentifier, isNode, isReference, list, type Node, statements } from "../syntax";
import { moduleOf, type Step } from "./step";

/** Makes `const NAME = new Uint32Array(16)` of a module writable on the device. */
export function writableScratch(specifier: string, name: string): Step {
  return {
    name: `writable ${name} in ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      const made = initialiser(findDeclaration(module, name), name);
      const body = list(module.program, "body");
      const at = body.indexOf(findDeclaration(module, name));
      const users = usersOf(module.program, name);
      if (at < 0 || users.length === 0) throw new Error(`wallet: expected functions of ${specifier} to use ${name}`);
      for (const user of users)
        list(child(user, "body"), "body").unshift(...statements(`const ${name} = ${name}_RAM ??= ${name}_NEW();`));
      const [variable, maker] = statements(`let ${name}_RAM; const ${name}_NEW = () => 0;`);
      if (!variable || !maker) throw new Error("wallet: expected two statements");
      child(list(maker, "declarations")[0] as Node, "init")["body"] = made;
      body.splice(at, 1, variable, maker);
      return users.length;
    },
  };
}

/** Drops a scratch buffer that only its cleaning still mentions, and the cleaning. */
export function dropScratch(specifier: string, name: string, clean: string): Step {
  return {
    name: `drop ${name} from ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      const body = list(module.program, "body");
      let count = 0;
      for (const user of usersOf(module.program, name)) {
        const block = list(child(user, "body"), "body");
        const at = block.findIndex((one) => isCallOf(one, clean, name));
        if (at < 0 || block.length > 1)
          throw new Error(`wallet: expected nothing but ${clean}(${name}) to use ${name} in ${specifier}`);
        block.splice(at, 1);
        count += 1;
      }
      body.splice(body.indexOf(findDeclaration(module, name)), 1);
      return count;
    },
  };
}

function initialiser(declaration: Node, name: string): Node {
  const [only, ...rest] = list(declaration, "declarations");
  const value = only?.["init"];
  if (declaration["kind"] !== "const" || rest.length > 0 || !isNode(value) || value.type !== "NewExpression")
    throw new Error(`wallet: expected ${name} to be a constant new typed array`);
  return value;
}

/** The innermost functions, with a block for a body, that mention `name`. */
function usersOf(program: Node, name: string): Node[] {
  const users = new Set<Node>();
  const go = (node: Node, parent: Node | undefined, field: string, inside: Node | undefined): void => {
    const owner = /Function/.test(node.type) && child(node, "body").type === "BlockStatement" ? node : inside;
    if (isIdentifier(node, name) && isReference(parent, field) && inside) users.add(inside);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) for (const one of value) isNode(one) && go(one, node, key, owner);
      else if (isNode(value)) go(value, node, key, owner);
    }
  };
  go(program, undefined, "", undefined);
  return [...users];
}

function isCallOf(statement: Node, callee: string, argument: string): boolean {
  if (statement.type !== "ExpressionStatement") return false;
  const call = child(statement, "expression");
  return (
    call.type === "CallExpression" &&
    isIdentifier(call["callee"], callee) &&
    list(call, "arguments").length === 1 &&
    isIdentifier(list(call, "arguments")[0], argument)
  );
}
