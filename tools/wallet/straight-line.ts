// A function body as straight-line code: constant loops unrolled, every variable given once (static
// single assignment), array elements at constant places turned into variables, copies followed
// instead of made.
//
// On XS a variable costs a tenth of an array element and a copy or a loop step is not free, so hot
// loops of known length are worth their code. `flatten` reads a body into values and effects;
// `emit` writes it back, each value just before its first use and in as few variables as live at
// the same time.

import {
  bigintOf,
  child,
  copy,
  expression,
  identifier,
  integerOf,
  isIdentifier,
  isNode,
  isReference,
  list,
  type Node,
  namesIn,
  printExpression,
  rewrite,
  statements,
  text,
} from "./syntax";

export interface StraightLine {
  /** Name to what it is; expressions mention other names. In the order of the source. */
  readonly values: Map<string, Node>;
  /** Statements to keep in their order; they mention values. */
  readonly effects: Node[];
}

export interface FlattenOptions {
  /**
   * Module-level arrays that serve this function as scratch memory only: their elements become
   * variables.
   */
  readonly scratch?: readonly string[];
  /** Module-level tables of constants: an element at a constant place becomes a literal. */
  readonly tables?: Readonly<Record<string, readonly number[]>>;
}

/** Longest loop that is unrolled; more than any loop of the hash functions. */
const MOST_ITERATIONS = 80;

export function flatten(body: readonly Node[], options: FlattenOptions = {}): StraightLine {
  return new Flattener(options).run(body);
}

class Flattener {
  private readonly values = new Map<string, Node>();
  private readonly effects: Node[] = [];
  /**
   * What each variable or scratch element stands for by now: a value's name, a literal, an outer
   * name.
   */
  private readonly current = new Map<string, Node>();
  private count = 0;

  constructor(private readonly options: FlattenOptions) {}

  run(body: readonly Node[]): StraightLine {
    for (const statement of body) this.statement(statement);
    return { values: this.values, effects: this.effects };
  }

  private statement(node: Node): void {
    switch (node.type) {
      case "VariableDeclaration":
        for (const declarator of list(node, "declarations")) this.declare(declarator);
        return;
      case "ForStatement":
        this.loop(node);
        return;
      case "BlockStatement":
        for (const inner of list(node, "body")) this.statement(inner);
        return;
      case "ExpressionStatement":
        if (child(node, "expression").type === "AssignmentExpression") this.assign(child(node, "expression"));
        else this.effects.push({ ...node, expression: this.resolve(child(node, "expression")) });
        return;
      default:
        throw new Error(`expected straight-line code or a loop of known length, found ${node.type}`);
    }
  }

  private declare(declarator: Node): void {
    const target = child(declarator, "id");
    if (target.type === "ObjectPattern") {
      const object = this.resolve(child(declarator, "init"));
      for (const property of list(target, "properties"))
        this.set(
          text(child(property, "value"), "name"),
          expression(`${printExpression(object)}.${text(child(property, "key"), "name")}`),
        );
      return;
    }
    if (isNode(declarator.init)) this.set(text(target, "name"), this.resolve(declarator.init));
  }

  private assign(node: Node): void {
    const operator = text(node, "operator");
    const target = child(node, "left");
    const right = child(node, "right");
    const value =
      operator === "="
        ? this.resolve(right)
        : this.resolve({ type: "BinaryExpression", operator: operator.slice(0, -1), left: target, right });
    this.set(this.placeOf(target), value);
  }

  private placeOf(target: Node): string {
    if (isIdentifier(target)) return text(target, "name");
    const place = this.elementOf(target, this.options.scratch ?? []);
    if (place) return place;
    throw new Error(`expected a variable or a scratch array's element, found ${printExpression(target)}`);
  }

  /** `W[3]` of an array in `arrays` at a place that is known by now. */
  private elementOf(node: Node, arrays: readonly string[]): string | undefined {
    if (node.type !== "MemberExpression" || node.computed !== true || !isIdentifier(node.object)) return undefined;
    const name = text(child(node, "object"), "name");
    if (!arrays.includes(name)) return undefined;
    const index = integerOf(this.resolve(child(node, "property")));
    if (index === undefined) throw new Error(`expected a constant place in ${name}, found ${printExpression(node)}`);
    return `${name}[${index}]`;
  }

  private loop(node: Node): void {
    this.statement(child(node, "init"));
    for (let i = 0; this.isTrue(child(node, "test")); i++) {
      if (i > MOST_ITERATIONS) throw new Error(`expected a loop of at most ${MOST_ITERATIONS} iterations`);
      this.statement(child(node, "body"));
      const update = child(node, "update");
      for (const one of update.type === "SequenceExpression" ? list(update, "expressions") : [update])
        this.assign(one.type === "UpdateExpression" ? asAssignment(one) : one);
    }
  }

  private isTrue(test: Node): boolean {
    const left = integerOf(this.resolve(child(test, "left")));
    const right = integerOf(this.resolve(child(test, "right")));
    if (left === undefined || right === undefined || test.operator !== "<")
      throw new Error(`expected a loop of known length, found ${printExpression(test)}`);
    return left < right;
  }

  /** Names and literals are followed; everything else becomes a value of its own. */
  private set(place: string, value: Node): void {
    const simple = isIdentifier(value) || integerOf(value) !== undefined || bigintOf(value) !== undefined;
    this.current.set(place, simple ? value : this.define(place, value));
  }

  private define(place: string, value: Node): Node {
    const name = `${place.replace(/\W+/g, "_")}$${this.count++}`;
    this.values.set(name, value);
    return identifier(name);
  }

  /** The expression in terms of values, with what is known put in and sums of integers done. */
  private resolve(node: Node): Node {
    return fold(this.substitute(copy(node), undefined, ""));
  }

  private substitute(node: Node, parent: Node | undefined, field: string): Node {
    const place = this.elementOf(node, this.options.scratch ?? []);
    if (place) {
      const value = this.current.get(place);
      if (!value) throw new Error(`expected ${place} to be written before it is read`);
      return copy(value);
    }
    const table = this.elementOf(node, Object.keys(this.options.tables ?? {}));
    if (table) {
      const [, name = "", index = ""] = /^(.*)\[(\d+)\]$/.exec(table) ?? [];
      return expression(String((this.options.tables?.[name]?.[Number(index)] ?? 0) | 0));
    }
    if (isIdentifier(node) && isReference(parent, field)) return copy(this.current.get(text(node, "name")) ?? node);
    for (const [key, value] of Object.entries(node)) {
      if (Array.isArray(value)) node[key] = value.map((one) => (isNode(one) ? this.substitute(one, node, key) : one));
      else if (isNode(value)) node[key] = this.substitute(value, node, key);
    }
    return node;
  }
}

function asAssignment(update: Node): Node {
  const operator = `${text(update, "operator").slice(0, 1)}=`;
  return { type: "AssignmentExpression", operator, left: child(update, "argument"), right: expression("1") };
}

/** Does additions and subtractions of integer literals, and gathers `(x + 4) + 4`. */
function fold(root: Node): Node {
  return rewrite(root, (node) => {
    if (node.type !== "BinaryExpression") return undefined;
    const right = integerOf(node.right);
    const operator = text(node, "operator");
    if (right === undefined || (operator !== "+" && operator !== "-")) return undefined;
    const left = child(node, "left");
    const known = integerOf(left);
    const term = operator === "+" ? right : -right;
    if (known !== undefined) return expression(String(known + term));
    const inner = left.type === "BinaryExpression" && left.operator === "+" ? integerOf(left.right) : undefined;
    return inner === undefined ? undefined : expression(`${printExpression(child(left, "left"))} + ${inner + term}`);
  });
}

// ---------------------------------------------------------------- back to statements

/** How often each value is mentioned by other values and effects. */
export function usesOf({ values, effects }: StraightLine): Map<string, number> {
  const uses = new Map<string, number>();
  const count = (node: Node) => {
    rewrite(node, (one) => {
      if (isIdentifier(one) && values.has(text(one, "name")))
        uses.set(text(one, "name"), (uses.get(text(one, "name")) ?? 0) + 1);
      return undefined;
    });
  };
  for (const value of values.values()) count(value);
  for (const effect of effects) count(effect);
  return uses;
}

/** Puts values that are used once where they are used. */
export function inlineSingleUses(code: StraightLine): void {
  const uses = usesOf(code);
  const put = (node: Node): Node =>
    rewrite(node, (one) => {
      const name = isIdentifier(one) ? text(one, "name") : "";
      const value = code.values.get(name);
      if (!value || uses.get(name) !== 1) return undefined;
      code.values.delete(name);
      return value;
    });
  for (const [name, value] of code.values) if (code.values.has(name)) code.values.set(name, put(value));
  code.effects.forEach((effect, i) => {
    code.effects[i] = put(effect);
  });
}

/**
 * The statements of the function: each value just before its first use, variables used again when
 * they are free.
 */
export function emit(code: StraightLine, prefix = "v"): Node[] {
  const order: { name?: string; node: Node }[] = [];
  const placed = new Set<string>();
  const place = (node: Node): void => {
    for (const name of namesIn(node)) {
      const value = code.values.get(name);
      if (!value || placed.has(name)) continue;
      placed.add(name);
      place(value);
      order.push({ name, node: value });
    }
  };
  for (const effect of code.effects) {
    place(effect);
    order.push({ node: effect });
  }
  return allocate(order, code.values, prefix);
}

function allocate(order: { name?: string; node: Node }[], values: Map<string, Node>, prefix: string): Node[] {
  const lastUse = new Map<string, number>();
  order.forEach(({ node }, at) => {
    for (const name of namesIn(node)) if (values.has(name)) lastUse.set(name, at);
  });
  const slotOf = new Map<string, string>();
  const free: string[] = [];
  let slots = 0;
  const result: Node[] = [];
  order.forEach(({ name, node }, at) => {
    const renamed = rename(node, slotOf);
    for (const used of namesIn(node)) {
      const slot = slotOf.get(used);
      if (slot && lastUse.get(used) === at) free.push(slot);
    }
    if (name === undefined) {
      result.push(renamed);
      return;
    }
    const slot = free.pop() ?? `${prefix}${slots++}`;
    slotOf.set(name, slot);
    result.push({
      type: "ExpressionStatement",
      expression: { type: "AssignmentExpression", operator: "=", left: identifier(slot), right: renamed },
    });
  });
  const names = Array.from({ length: slots }, (_, i) => `${prefix}${i}`);
  return slots > 0 ? [...statements(`let ${names.join(", ")};`), ...result] : result;
}

function rename(node: Node, slotOf: ReadonlyMap<string, string>): Node {
  return rewrite(copy(node), (one) => {
    const slot = isIdentifier(one) ? slotOf.get(text(one, "name")) : undefined;
    return slot === undefined ? undefined : identifier(slot);
  });
}
