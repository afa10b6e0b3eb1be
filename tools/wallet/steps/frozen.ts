// What a preloaded module can still change costs the device a slot of RAM each, and the SDK's
// linker warns: objects that are not frozen, and variables of a function that an inner function
// holds on to, parameters among them, since a parameter could be assigned. Here coders and tables
// are frozen, and such parameters become constants.

import {
  boundNames,
  child,
  expression,
  identifier,
  isIdentifier,
  isNode,
  isReference,
  list,
  type Module,
  type Node,
  rewrite,
  text,
  walk,
} from "../syntax";
import { moduleOf, type Step } from "./step";

/** `const NAME = ...`: what it makes is frozen. For arrays, and objects of plain values. */
export function freezeTables(specifier: string, names: readonly string[]): Step {
  return {
    name: `freeze ${names.join(", ")} in ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      let count = 0;
      walk(module.program, (node) => {
        if (node.type !== "VariableDeclarator" || !names.some((name) => isIdentifier(node.id, name))) return;
        node.init = frozen(child(node, "init"));
        count += 1;
      });
      if (count !== names.length) throw new Error(`wallet: expected ${specifier} to declare ${names.join(", ")}`);
      return count;
    },
  };
}

/**
 * Object literals that hold functions are frozen where they are made, and so are the literals given
 * to `makers`.
 */
export function freezeCoders(specifier: string, makers: readonly string[] = []): Step {
  return {
    name: `freeze coders in ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      let count = 0;
      rewrite(module.program, (node, parent) => {
        if (!isLiteralOf(node) || (parent && isFreeze(parent))) return undefined;
        const given = parent?.type === "CallExpression" && makers.includes(calleeName(parent));
        if (!holdsFunctions(node) && !given) return undefined;
        count += 1;
        return frozen(node);
      });
      return count;
    },
  };
}

/**
 * Parameters that inner functions use and nobody assigns are copied to constants at the start of
 * their function.
 */
export function constantParameters(specifier: string): Step {
  return {
    name: `parameters as constants in ${specifier}`,
    apply(modules) {
      return constantsIn(moduleOf(modules, specifier));
    },
  };
}

function constantsIn(module: Module): number {
  let count = 0;
  walk(module.program, (node) => {
    if (!/Function/.test(node.type)) return;
    const captured = list(node, "params").filter((parameter) => {
      const target = parameter.type === "AssignmentPattern" ? child(parameter, "left") : parameter;
      return isIdentifier(target) && isCaptured(node, text(target, "name"));
    });
    if (captured.length === 0) return;
    const names = captured.map((parameter) => {
      const target = parameter.type === "AssignmentPattern" ? child(parameter, "left") : parameter;
      const name = text(target, "name");
      target.name = `${name}_given`;
      return name;
    });
    const declaration: Node = {
      type: "VariableDeclaration",
      kind: "const",
      declarations: names.map((name) => ({
        type: "VariableDeclarator",
        id: identifier(name),
        init: identifier(`${name}_given`),
      })),
    };
    blockOf(node).unshift(declaration);
    count += names.length;
  });
  return count;
}

/** The statements of a function; an arrow's expression becomes a block. */
function blockOf(node: Node): Node[] {
  const body = child(node, "body");
  if (body.type === "BlockStatement") return list(body, "body");
  node.body = { type: "BlockStatement", body: [{ type: "ReturnStatement", argument: body }] };
  node.expression = false;
  return list(child(node, "body"), "body");
}

/**
 * True where an inner function reads the parameter, and nothing assigns it or hides it by a name of
 * its own.
 */
function isCaptured(owner: Node, name: string): boolean {
  let captured = false;
  let excluded = false;
  const go = (node: Node, parent: Node | undefined, field: string, inside: boolean): void => {
    const inner = inside || (node !== owner && /Function/.test(node.type));
    if (isAssignmentTo(node, name)) excluded = true;
    if (node.type === "VariableDeclaration" && boundNames(node).includes(name)) excluded = true;
    if (isIdentifier(node, name) && isReference(parent, field)) {
      if (inner) captured = true;
      // Another parameter's default sees the parameter, not the constant.
      if (!inner && parent?.type === "AssignmentPattern" && field === "right") excluded = true;
    }
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) for (const one of value) isNode(one) && go(one, node, key, inner);
      else if (isNode(value)) go(value, node, key, inner);
    }
  };
  go(owner, undefined, "", false);
  return captured && !excluded;
}

function isAssignmentTo(node: Node, name: string): boolean {
  if (node.type === "AssignmentExpression") return isIdentifier(node.left, name);
  return node.type === "UpdateExpression" && isIdentifier(node.argument, name);
}

function isLiteralOf(node: Node): boolean {
  return node.type === "ObjectExpression" || node.type === "ArrayExpression";
}

function holdsFunctions(node: Node): boolean {
  if (node.type !== "ObjectExpression") return false;
  return list(node, "properties").some((property) => isNode(property.value) && /Function/.test(property.value.type));
}

function calleeName(call: Node): string {
  const callee = child(call, "callee");
  const last = callee.type === "MemberExpression" ? child(callee, "property") : callee;
  return typeof last.name === "string" ? last.name : "";
}

function isFreeze(call: Node): boolean {
  return call.type === "CallExpression" && calleeName(call) === "freeze";
}

/** `Object.freeze(value)`. */
export function frozen(value: Node): Node {
  const call = expression("Object.freeze(0)");
  call.arguments = [value];
  return call;
}
