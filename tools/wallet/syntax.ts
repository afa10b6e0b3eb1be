// Syntax trees of the libraries' modules: parsed by acorn, printed by astring, changed in place in
// between.

import { parse, parseExpressionAt } from "acorn";
import { generate } from "astring";

/**
 * A node as acorn makes it (ESTree). Fields are read through `node`, `list` and `text`, which check
 * what they give.
 */
export interface Node {
  type: string;
  [field: string]: unknown;
}

/** One module of a library on its way into the image. */
export interface Module {
  /** As it is imported, for example `@noble/hashes/sha2.js`. */
  readonly specifier: string;
  readonly program: Node;
}

export function parseModule(source: string): Node {
  return parse(source, { ecmaVersion: 2022, sourceType: "module" }) as unknown as Node;
}

export function printModule(program: Node): string {
  return generate(program as never);
}

/** One expression's source as it would be printed; equal expressions print equally. */
export function printExpression(expression: Node): string {
  return generate(expression as never);
}

export function expression(source: string): Node {
  return parseExpressionAt(source, 0, { ecmaVersion: 2022 }) as unknown as Node;
}

export function statements(source: string): Node[] {
  return list(parseModule(source), "body");
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

export function child(parent: Node, field: string): Node {
  const value = parent[field];
  if (!isNode(value)) throw new Error(`expected a node in ${parent.type}.${field}`);
  return value;
}

export function list(parent: Node, field: string): Node[] {
  const value = parent[field];
  if (!Array.isArray(value)) throw new Error(`expected a list in ${parent.type}.${field}`);
  return value as Node[];
}

export function text(parent: Node, field: string): string {
  const value = parent[field];
  if (typeof value !== "string") throw new Error(`expected text in ${parent.type}.${field}`);
  return value;
}

export function isIdentifier(value: unknown, name?: string): boolean {
  return isNode(value) && value.type === "Identifier" && (name === undefined || value.name === name);
}

export function identifier(name: string): Node {
  return { type: "Identifier", name };
}

export function isLiteral(value: unknown): boolean {
  return isNode(value) && value.type === "Literal";
}

/** An integer literal's value, or undefined. Negative numbers are unary minus over a literal. */
export function integerOf(value: unknown): number | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "Literal" && typeof value.value === "number") return value.value;
  if (value.type === "UnaryExpression" && value.operator === "-") {
    const inner = integerOf(value.argument);
    return inner === undefined ? undefined : -inner;
  }
  return undefined;
}

export function bigintOf(value: unknown): bigint | undefined {
  return isNode(value) && typeof value.bigint === "string" ? BigInt(value.bigint) : undefined;
}

export function copy<T extends Node>(node: T): T {
  const result: Node = { type: node.type };
  for (const [field, value] of Object.entries(node)) {
    if (field === "start" || field === "end") continue;
    if (Array.isArray(value)) result[field] = value.map((item) => (isNode(item) ? copy(item) : item));
    else result[field] = isNode(value) ? copy(value) : value;
  }
  return result as T;
}

/**
 * Calls `visit` on every node, parents first. Where it gives false the node's inside is left out.
 */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined, field: string) => unknown): void {
  const go = (current: Node, parent: Node | undefined, name: string) => {
    if (visit(current, parent, name) === false) return;
    for (const [field, value] of Object.entries(current)) {
      if (Array.isArray(value)) for (const item of value) isNode(item) && go(item, current, field);
      else if (isNode(value)) go(value, current, field);
    }
  };
  go(node, undefined, "");
}

/**
 * Replaces nodes from the inside out: `change` gives another node, or undefined to leave it. Gives
 * the root.
 */
export function rewrite(root: Node, change: (node: Node, parent: Node | undefined) => Node | undefined): Node {
  const go = (current: Node, parent: Node | undefined): Node => {
    for (const [field, value] of Object.entries(current)) {
      if (Array.isArray(value)) {
        for (let i = 0; i < value.length; i++) if (isNode(value[i])) value[i] = go(value[i] as Node, current);
      } else if (isNode(value)) current[field] = go(value, current);
    }
    return change(current, parent) ?? current;
  };
  return go(root, undefined);
}

/**
 * True where an identifier node stands for a variable and not for a property's or a label's name.
 */
export function isReference(parent: Node | undefined, field: string): boolean {
  if (parent === undefined) return true;
  if (parent.type === "MemberExpression") return field !== "property" || parent.computed === true;
  if (parent.type === "Property") return field !== "key" || parent.computed === true;
  if (parent.type === "MethodDefinition" || parent.type === "PropertyDefinition")
    return field !== "key" || parent.computed === true;
  return !/^(?:Import|Export).*Specifier$/.test(parent.type);
}

/**
 * The names of all variables that a node mentions, its own included: more than it needs, never
 * less.
 */
export function namesIn(node: Node): Set<string> {
  const names = new Set<string>();
  walk(node, (current, parent, field) => {
    if (isIdentifier(current) && isReference(parent, field)) names.add(text(current, "name"));
  });
  return names;
}

/** The names that a declaration binds. */
export function boundNames(declaration: Node): string[] {
  if (declaration.type !== "VariableDeclaration")
    return isNode(declaration.id) ? [text(child(declaration, "id"), "name")] : [];
  return list(declaration, "declarations").flatMap((declarator) => patternNames(child(declarator, "id")));
}

function patternNames(pattern: Node): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [text(pattern, "name")];
    case "ObjectPattern":
      return list(pattern, "properties").flatMap((property) =>
        patternNames(child(property, property.type === "RestElement" ? "argument" : "value")),
      );
    case "ArrayPattern":
      return list(pattern, "elements").flatMap((element) => (isNode(element) ? patternNames(element) : []));
    case "AssignmentPattern":
      return patternNames(child(pattern, "left"));
    case "RestElement":
      return patternNames(child(pattern, "argument"));
    default:
      throw new Error(`expected a pattern, found ${pattern.type}`);
  }
}

/** The declaration inside an `export`, or the statement itself. */
export function declarationOf(statement: Node): Node {
  const inner = statement.type === "ExportNamedDeclaration" ? statement.declaration : undefined;
  return isNode(inner) ? inner : statement;
}

/** True where a top-level declaration binds `name`. */
export function declares(module: Module, name: string): boolean {
  return list(module.program, "body").some((statement) => {
    const declaration = declarationOf(statement);
    return /(Function|Class|Variable)Declaration$/.test(declaration.type) && boundNames(declaration).includes(name);
  });
}

/**
 * The top-level statement that binds `name`. Throws where there is none: the library has changed.
 */
export function findDeclaration(module: Module, name: string): Node {
  for (const statement of list(module.program, "body")) {
    const declaration = declarationOf(statement);
    if (/Declaration$/.test(declaration.type) && boundNames(declaration).includes(name)) return declaration;
  }
  throw new Error(`${module.specifier}: expected a top-level declaration of ${name}, found none`);
}

/**
 * The function that `name` is bound to: a function declaration, an arrow or a function expression.
 */
export function findFunction(module: Module, name: string): Node {
  const declaration = findDeclaration(module, name);
  if (declaration.type === "FunctionDeclaration") return declaration;
  const declarator = list(declaration, "declarations").find((one) => isIdentifier(one.id, name));
  const value = declarator?.init;
  if (isNode(value) && /Function/.test(value.type)) return value;
  throw new Error(`${module.specifier}: expected ${name} to be a function, found ${declaration.type}`);
}

/** The function of a method of a top-level class. */
export function findMethod(module: Module, className: string, method: string): Node {
  const body = child(findDeclaration(module, className), "body");
  const found = list(body, "body").find(
    (member) => member.type === "MethodDefinition" && isIdentifier(member.key, method),
  );
  if (!found) throw new Error(`${module.specifier}: expected ${className} to have a method ${method}, found none`);
  return child(found, "value");
}
