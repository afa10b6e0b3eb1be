// Field arithmetic modulo secp256k1's prime p = 2^256 - 2^32 - 977 (SEC 2, 2.4.1), for functions that are written
// with a helper `M(a)` for `a mod p`.
//
// XS divides a 512-bit number in 13,000 instructions and multiplies two of 256 bits in 1,900. But 2^256 is
// 2^32 + 977 modulo p, so a product folds: its upper half times 2^32 + 977, plus its lower half (2,400), and once more
// (1,900). Sums need no reduction at all while they stay small, so each value's largest size is followed through the
// formula and a reduction is done only where a product would grow too long. What the function returns is reduced
// fully: the same numbers as before, bit for bit.

import { emit, flatten, inlineSingleUses, type StraightLine } from "../straight-line";
import {
  bigintOf,
  child,
  copy,
  expression,
  findMethod,
  identifier,
  isIdentifier,
  isNode,
  list,
  type Module,
  type Node,
  rewrite,
  statements,
  text,
} from "../syntax";
import { moduleOf, type Step } from "./step";

export const PRIME = 2n ** 256n - 2n ** 32n - 977n;

/** What the folded code needs in its module; the names are free in the library. */
const BITS = "FIELD_BITS";
const MASK = "FIELD_MASK";
const FOLD = "FIELD_FOLD";
const multipleName = (times: bigint) => `FIELD_${times}P`;

/** A value is folded until it is below this: nine 32-bit words at most, mostly eight. */
const ENOUGH = 2n ** 256n + 2n ** 140n;

export interface FieldOptions {
  readonly specifier: string;
  readonly className: string;
  readonly method: string;
  /** Name of the helper that reduces. */
  readonly reduce: string;
  /** Variables that are known in the variant that is made, as `{ Z2: "1n" }`; the source's own assignments to them
   * are left out. */
  readonly known?: Readonly<Record<string, string>>;
  /** Name of the method to write the result to; the method itself where it is left out. */
  readonly as?: string;
}

export function lazyReduction(options: FieldOptions): Step {
  return {
    name: `lazy reduction in ${options.className}.${options.as ?? options.method}`,
    apply(modules) {
      const module = moduleOf(modules, options.specifier);
      const source = findMethod(module, options.className, options.method);
      const method = options.as === undefined ? source : addMethod(module, options, source);
      const body = child(method, "body");
      const code = flatten(withKnown(list(body, "body"), options.known ?? {}));
      const field = new Field(code, options.reduce);
      field.run();
      inlineSingleUses(code);
      body.body = emit(code, "f");
      declareConstants(module, field.multiples);
      return field.reductions;
    },
  };
}

/** Follows the size of each value and rewrites the calls of the helper. */
class Field {
  reductions = 0;
  readonly multiples = new Set<bigint>();
  private readonly values: Map<string, Node>;
  private readonly most = new Map<string, bigint>();
  private readonly same = new Map<string, Node>();
  private count = 0;

  constructor(
    private readonly code: StraightLine,
    private readonly reduce: string,
  ) {
    this.values = new Map(code.values);
    code.values.clear();
  }

  run(): void {
    for (const [name, value] of this.values) {
      const inner = this.reduced(value);
      if (!inner) {
        this.code.values.set(name, this.follow(value));
        this.most.set(name, PRIME - 1n);
      } else this.same.set(name, this.value(name, inner));
    }
    this.code.effects.forEach((effect, i) => {
      this.code.effects[i] = rewrite(this.follow(effect), (node) => this.finished(node));
    });
  }

  /** The argument of `M(...)`, or undefined for another expression. */
  private reduced(node: Node): Node | undefined {
    if (node.type !== "CallExpression" || !isIdentifier(node.callee, this.reduce)) return undefined;
    const [inner, ...rest] = list(node, "arguments");
    if (!inner || rest.length > 0) throw new Error(`wallet: expected ${this.reduce} with one argument`);
    this.reductions += 1;
    return inner;
  }

  private follow(node: Node): Node {
    return rewrite(copy(node), (one) => (isIdentifier(one) ? this.same.get(text(one, "name")) : undefined));
  }

  /** A name or a literal that is congruent to the expression and small enough to go on with. */
  private value(name: string, node: Node): Node {
    if (node.type !== "BinaryExpression") throw new Error(`wallet: expected a product or a sum, found ${node.type}`);
    const left = this.operand(child(node, "left"));
    const right = this.operand(child(node, "right"));
    const operator = text(node, "operator");
    const [a, b] = [bigintOf(left), bigintOf(right)];
    if (a !== undefined && b !== undefined) return literal(compute(operator, a, b));
    if (operator === "*") {
      if (a === 0n || b === 0n) return literal(0n);
      if (a === 1n || b === 1n) return a === 1n ? right : left;
      return this.fold(name, this.define(name, "*", left, right, this.mostOf(left) * this.mostOf(right)));
    }
    if (b === 0n) return left;
    if (operator === "+")
      return a === 0n ? right : this.define(name, "+", left, right, this.mostOf(left) + this.mostOf(right));
    // A difference must not be negative: a multiple of p is added that is at least what is taken away.
    const times = (this.mostOf(right) + PRIME - 1n) / PRIME;
    this.multiples.add(times);
    const multiple = identifier(multipleName(times));
    const rest = this.define(name, "-", multiple, right, times * PRIME);
    return a === 0n ? rest : this.define(name, "+", left, rest, this.mostOf(left) + times * PRIME);
  }

  private operand(node: Node): Node {
    const followed = this.follow(node);
    if (isIdentifier(followed) || bigintOf(followed) !== undefined) return followed;
    throw new Error(`wallet: expected a variable or a literal, found ${followed.type}`);
  }

  private mostOf(node: Node): bigint {
    const known = bigintOf(node);
    if (known !== undefined) return known;
    const most = this.most.get(text(node, "name"));
    if (most === undefined) throw new Error(`wallet: expected a known value, found ${text(node, "name")}`);
    return most;
  }

  private define(name: string, operator: string, left: Node, right: Node, most: bigint): Node {
    const fresh = `${name.replace(/\$.*/, "")}$f${this.count++}`;
    this.code.values.set(fresh, { type: "BinaryExpression", operator, left: copy(left), right: copy(right) });
    this.most.set(fresh, most);
    return identifier(fresh);
  }

  /** Short products stay as they are; long ones are folded until they are short. */
  private fold(name: string, node: Node): Node {
    let value = node;
    if (this.mostOf(value) < 2n ** 264n) return value;
    while (this.mostOf(value) >= ENOUGH) {
      const most = (this.mostOf(value) >> 256n) * (2n ** 256n - PRIME) + 2n ** 256n;
      const fresh = `${name.replace(/\$.*/, "")}$f${this.count++}`;
      const long = text(value, "name");
      this.code.values.set(fresh, expression(`(${long} >> ${BITS}) * ${FOLD} + (${long} & ${MASK})`));
      this.most.set(fresh, most);
      value = identifier(fresh);
    }
    return value;
  }

  /** Coordinates of the returned point are reduced fully, and not checked again: they cannot be out of range. */
  private finished(node: Node): Node | undefined {
    if (node.type !== "NewExpression") return undefined;
    const className = text(child(node, "callee"), "name");
    const [x, y, z, ...rest] = list(node, "arguments").map((argument) => this.canonical(argument));
    if (!x || !y || !z || rest.length > 0) throw new Error("wallet: expected a point of three coordinates");
    const object = expression(`({ __proto__: ${className}.prototype, X: 0, Y: 0, Z: 0 })`);
    list(object, "properties")
      .slice(1)
      .forEach((property, i) => {
        property.value = [x, y, z][i];
      });
    return object;
  }

  private canonical(node: Node): Node {
    if (bigintOf(node) !== undefined) return node;
    let value = node;
    if (this.mostOf(value) >= ENOUGH) value = this.foldAlways(value);
    this.multiples.add(1n);
    const name = text(value, "name");
    const prime = multipleName(1n);
    return this.keep(`${name} < ${prime} ? ${name} : ${name} - ${prime}`);
  }

  private foldAlways(node: Node): Node {
    let value = node;
    while (this.mostOf(value) >= ENOUGH) {
      const most = (this.mostOf(value) >> 256n) * (2n ** 256n - PRIME) + 2n ** 256n;
      const long = text(value, "name");
      value = this.keep(`(${long} >> ${BITS}) * ${FOLD} + (${long} & ${MASK})`);
      this.most.set(text(value, "name"), most);
    }
    return value;
  }

  private keep(source: string): Node {
    const fresh = `out$f${this.count++}`;
    this.code.values.set(fresh, expression(source));
    return identifier(fresh);
  }
}

function compute(operator: string, a: bigint, b: bigint): bigint {
  const result = operator === "*" ? a * b : operator === "+" ? a + b : a - b;
  return ((result % PRIME) + PRIME) % PRIME;
}

function literal(value: bigint): Node {
  return expression(`${value}n`);
}

/** The body with some variables set to what is known of them. */
function withKnown(body: readonly Node[], known: Readonly<Record<string, string>>): Node[] {
  const copies = body.map((statement) => copy(statement));
  for (const statement of copies)
    if (statement.type === "VariableDeclaration")
      for (const declarator of list(statement, "declarations")) {
        const pattern = child(declarator, "id");
        if (pattern.type !== "ObjectPattern") continue;
        pattern.properties = list(pattern, "properties").filter(
          (property) => !(text(child(property, "value"), "name") in known),
        );
      }
  const first = Object.entries(known).flatMap(([name, value]) => statements(`const ${name} = ${value};`));
  return [...first, ...copies];
}

function addMethod(module: Module, options: FieldOptions, source: Node): Node {
  const body = list(child(classOf(module, options.className), "body"), "body");
  const value = copy(source);
  body.push({
    type: "MethodDefinition",
    kind: "method",
    static: false,
    computed: false,
    key: identifier(options.as ?? options.method),
    value,
  });
  return value;
}

function classOf(module: Module, name: string): Node {
  const found = list(module.program, "body").find(
    (one) => one.type === "ClassDeclaration" && isIdentifier(one.id, name),
  );
  if (!isNode(found)) throw new Error(`wallet: expected a class ${name} in ${module.specifier}, found none`);
  return found;
}

/** Adds the constants that the folded code mentions, once a module, before everything else. */
export function declareConstants(module: Module, multiples: Iterable<bigint>): void {
  const wanted: [string, bigint][] = [
    [BITS, 256n],
    [MASK, 2n ** 256n - 1n],
    [FOLD, 2n ** 256n - PRIME],
  ];
  for (const times of multiples) wanted.push([multipleName(times), times * PRIME]);
  const body = list(module.program, "body");
  const declared = new Set(
    body
      .flatMap((one) => (one.type === "VariableDeclaration" ? list(one, "declarations") : []))
      .map((one) => child(one, "id").name),
  );
  const missing = wanted.filter(([name]) => !declared.has(name));
  const at = body.findIndex((one) => one.type !== "ImportDeclaration");
  body.splice(at, 0, ...missing.flatMap(([name, value]) => statements(`const ${name} = 0x${value.toString(16)}n;`)));
}
