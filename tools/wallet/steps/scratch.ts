// Module-level scratch buffers that are written: preloaded they lie in flash and throw "read-only
// buffer" at the first write. They become locals of the functions that use them: an allocation a
// block, and nothing is left behind to clean.

import { child, copy, findDeclaration, isIdentifier, isNode, isReference, list, type Node } from "../syntax";
import { moduleOf, type Step } from "./step";

/**
 * Makes `const NAME = new Uint32Array(16)` a local of the functions that use it, and drops its
 * cleaning.
 */
export function localScratch(specifier: string, name: string, clean: string): Step {
  return {
    name: `local ${name} in ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      const declaration = findDeclaration(module, name);
      const made = initialiser(declaration, name);
      const body = list(module.program, "body");
      const users = usersOf(module.program, name).filter((user) => !dropCleaning(user, name, clean));
      if (users.length === 0) throw new Error(`wallet: expected functions of ${specifier} to use ${name}`);
      for (const user of users) {
        const local = copy(declaration);
        Object.assign(list(local, "declarations")[0] as Node, { init: copy(made) });
        list(child(user, "body"), "body").unshift(local);
      }
      body.splice(body.indexOf(declaration), 1);
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
        if (!dropCleaning(user, name, clean))
          throw new Error(`wallet: expected nothing but ${clean}(${name}) to use ${name} in ${specifier}`);
        count += 1;
      }
      body.splice(body.indexOf(findDeclaration(module, name)), 1);
      return count;
    },
  };
}

/** True where a function did nothing but clean the buffer; it does nothing now. */
function dropCleaning(user: Node, name: string, clean: string): boolean {
  const block = list(child(user, "body"), "body");
  const [only, ...rest] = block;
  if (!only || rest.length > 0 || !isCallOf(only, clean, name)) return false;
  block.length = 0;
  return true;
}

function initialiser(declaration: Node, name: string): Node {
  const [only, ...rest] = list(declaration, "declarations");
  const value = only?.init;
  if (declaration.kind !== "const" || rest.length > 0 || !isNode(value) || value.type !== "NewExpression")
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
    isIdentifier(call.callee, callee) &&
    list(call, "arguments").length === 1 &&
    isIdentifier(list(call, "arguments")[0], argument)
  );
}
