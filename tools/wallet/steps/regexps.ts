// Regular expressions at module level: preloaded they lie in flash, where the SDK corrupts memory
// when one is used (docs/sdk-defects.md, 1). Each becomes a literal in the places of its use, made
// in RAM whenever that runs.

import { child, copy, isIdentifier, isNode, isReference, list, type Node, rewrite, text, walk } from "../syntax";
import { moduleOf, type Step } from "./step";

/**
 * Moves each `const NAME = /.../` into the functions that use it. Gives the number of constants.
 */
export function regexpsAtUse(specifier: string): Step {
  return {
    name: `regular expressions where they are used in ${specifier}`,
    apply(modules) {
      const { program } = moduleOf(modules, specifier);
      const constants = list(program, "body").filter(isRegexpConstant);
      program.body = list(program, "body").filter((statement) => !constants.includes(statement));
      for (const constant of constants) moveToUses(program, constant, specifier);
      walk(program, (node) => {
        if (isRegexp(node))
          throw new Error(`wallet: ${specifier} makes ${source(node)} while it is loaded, and not as a constant`);
        return !isFunction(node);
      });
      return constants.length;
    },
  };
}

function moveToUses(program: Node, constant: Node, specifier: string): void {
  const [declarator] = list(constant, "declarations") as [Node];
  const name = text(child(declarator, "id"), "name");
  const literal = child(declarator, "init");
  // An expression with these flags remembers where it was; one that is made anew does not.
  if (/[gy]/.test(regexpOf(literal).flags))
    throw new Error(`wallet: expected ${name} of ${specifier} to remember nothing, found ${source(literal)}`);
  const uses = new Set<Node>();
  walk(program, (node, parent, field) => {
    if (isIdentifier(node, name) && isReference(parent, field)) uses.add(node);
  });
  walk(program, (node) => {
    if (uses.has(node)) throw new Error(`wallet: ${specifier} uses ${name} while it is loaded, it would lie in flash`);
    return !isFunction(node);
  });
  rewrite(program, (node) => (uses.has(node) ? copy(literal) : undefined));
}

function isRegexpConstant(statement: Node): boolean {
  if (statement.type !== "VariableDeclaration" || statement.kind !== "const") return false;
  const [only, ...rest] = list(statement, "declarations");
  return rest.length === 0 && isRegexp(only?.init);
}

function isRegexp(node: unknown): boolean {
  return isNode(node) && node.type === "Literal" && node.regex !== undefined;
}

function regexpOf(literal: Node): { readonly pattern: string; readonly flags: string } {
  return literal.regex as { readonly pattern: string; readonly flags: string };
}

/** `/a/i`. */
function source(literal: Node): string {
  const { pattern, flags } = regexpOf(literal);
  return `/${pattern}/${flags}`;
}

function isFunction(node: Node): boolean {
  return /Function/.test(node.type);
}
