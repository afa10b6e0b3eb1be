// Only what is used: starting from the names that the firmware imports, keeps the top-level
// statements of the libraries that are needed, module by module, and drops the rest. Nothing is
// merged or renamed, so that `const` stays `const` (a bundler's `var` costs the device a slot of
// RAM each).

import { type Pins, readModule, resolveFrom } from "../library";
import {
  boundNames,
  child,
  declarationOf,
  isIdentifier,
  isNode,
  isReference,
  list,
  type Module,
  type Node,
  text,
  walk,
} from "../syntax";

/** Specifier of a module and the names that are imported from it. */
export type Wanted = Readonly<Record<string, readonly string[]>>;

/** Where an imported name comes from; `name` is undefined for a whole namespace. */
interface Origin {
  readonly specifier: string;
  readonly name: string | undefined;
}

interface Scanned {
  readonly module: Module;
  readonly imports: Map<string, Origin>;
  /** Exported name to local name or to another module's. */
  readonly exports: Map<string, string | Origin>;
  readonly declared: Map<string, Node>;
  /** Statements that are no declarations, such as `Point.BASE = G`. */
  readonly others: Node[];
  readonly kept: Set<Node>;
  readonly used: Set<string>;
}

/**
 * The modules that are needed, cut down to what is needed, in the order in which they were reached.
 */
export function keepUsedParts(wanted: Wanted, pins?: Pins): Map<string, Module> {
  const scanned = new Map<string, Scanned>();
  const get = (specifier: string): Scanned => {
    const known = scanned.get(specifier);
    if (known) return known;
    const found = scan(readModule(specifier, pins));
    scanned.set(specifier, found);
    return found;
  };

  const needExport = (specifier: string, name: string): void => {
    const owner = get(specifier);
    const target = owner.exports.get(name);
    if (target === undefined) throw new Error(`wallet: expected ${specifier} to export ${name}, found no such export`);
    owner.used.add(name);
    if (typeof target === "string") needName(owner, target);
    else needExport(target.specifier, target.name ?? name);
  };

  const needName = (owner: Scanned, name: string): void => {
    const origin = owner.imports.get(name);
    const statement = owner.declared.get(name);
    if (origin?.name !== undefined) needExport(origin.specifier, origin.name);
    else if (statement) keep(owner, statement);
  };

  const keep = (owner: Scanned, statement: Node): void => {
    if (owner.kept.has(statement)) return;
    owner.kept.add(statement);
    walk(statement, (node, parent, field) => {
      if (!isIdentifier(node) || !isReference(parent, field)) return;
      const name = text(node, "name");
      const origin = owner.imports.get(name);
      if (!origin || origin.name !== undefined) {
        needName(owner, name);
        return;
      }
      if (parent?.type !== "MemberExpression" || field !== "object" || parent.computed === true)
        throw new Error(`wallet: ${owner.module.specifier} uses the namespace ${name} as a value; expected ${name}.x`);
      needExport(origin.specifier, text(child(parent, "property"), "name"));
    });
  };

  for (const [specifier, names] of Object.entries(wanted)) for (const name of names) needExport(specifier, name);
  keepEffects(scanned, keep);
  return new Map([...scanned].filter(([, one]) => one.kept.size > 0).map(([key, one]) => [key, rebuild(one)]));
}

/** A statement such as `Point.BASE = G` is needed when what it changes is. */
function keepEffects(scanned: Map<string, Scanned>, keep: (owner: Scanned, statement: Node) => void): void {
  for (let changed = true; changed; ) {
    changed = false;
    for (const owner of scanned.values())
      for (const statement of owner.others) {
        const target = owner.declared.get(changedName(owner.module, statement));
        if (owner.kept.has(statement) || !target || !owner.kept.has(target)) continue;
        keep(owner, statement);
        changed = true;
      }
  }
}

function changedName(module: Module, statement: Node): string {
  let node: Node = statement.type === "ExpressionStatement" ? child(statement, "expression") : statement;
  if (node.type === "AssignmentExpression") node = child(node, "left");
  else if (node.type === "CallExpression" && isNode(list(node, "arguments")[0]))
    node = list(node, "arguments")[0] as Node;
  while (node.type === "MemberExpression") node = child(node, "object");
  if (!isIdentifier(node))
    throw new Error(`wallet: ${module.specifier}: expected a top-level statement with one effect, found ${node.type}`);
  return text(node, "name");
}

function scan(module: Module): Scanned {
  const result: Scanned = {
    module,
    imports: new Map(),
    exports: new Map(),
    declared: new Map(),
    others: [],
    kept: new Set(),
    used: new Set(),
  };
  for (const statement of list(module.program, "body")) {
    const source = isNode(statement.source) ? String(statement.source.value) : undefined;
    const from = source === undefined ? "" : resolveFrom(module.specifier, source);
    if (statement.type === "ImportDeclaration") {
      for (const one of list(statement, "specifiers")) {
        const name = one.type === "ImportSpecifier" ? text(child(one, "imported"), "name") : undefined;
        result.imports.set(text(child(one, "local"), "name"), { specifier: from, name });
      }
    } else if (statement.type === "ExportNamedDeclaration" && !isNode(statement.declaration)) {
      for (const one of list(statement, "specifiers")) {
        const local = text(child(one, "local"), "name");
        const exported = text(child(one, "exported"), "name");
        result.exports.set(exported, source === undefined ? local : { specifier: from, name: local });
      }
    } else if (/Declaration$/.test(declarationOf(statement).type)) {
      for (const name of boundNames(declarationOf(statement))) {
        result.declared.set(name, statement);
        if (statement.type === "ExportNamedDeclaration") result.exports.set(name, name);
      }
    } else result.others.push(statement);
  }
  return result;
}

/** The module with its kept statements, its needed imports and its used exports. */
function rebuild(one: Scanned): Module {
  const body = list(one.module.program, "body").filter((statement) => one.kept.has(statement));
  return {
    specifier: one.module.specifier,
    program: {
      type: "Program",
      sourceType: "module",
      body: [...importsOf(one), ...body.map(plain), ...exportsOf(one)],
    },
  };
}

function plain(statement: Node): Node {
  return declarationOf(statement);
}

function importsOf(one: Scanned): Node[] {
  const names = new Map<string, string[]>();
  const mentioned = new Set<string>();
  for (const statement of one.kept)
    walk(statement, (node, parent, field) => {
      if (isIdentifier(node) && isReference(parent, field)) mentioned.add(text(node, "name"));
    });
  const namespaces: Node[] = [];
  for (const [local, origin] of one.imports) {
    if (!mentioned.has(local)) continue;
    if (origin.name === undefined)
      namespaces.push(importNode([{ type: "ImportNamespaceSpecifier", local: id(local) }], origin.specifier));
    else names.set(origin.specifier, [...(names.get(origin.specifier) ?? []), local]);
  }
  const named = [...names].map(([specifier, locals]) =>
    importNode(
      locals.map((local) => ({
        type: "ImportSpecifier",
        imported: id(one.imports.get(local)?.name ?? local),
        local: id(local),
      })),
      specifier,
    ),
  );
  return [...named, ...namespaces];
}

function exportsOf(one: Scanned): Node[] {
  const own: Node[] = [];
  const others: Node[] = [];
  for (const name of one.used) {
    const target = one.exports.get(name);
    if (typeof target === "string") own.push({ type: "ExportSpecifier", local: id(target), exported: id(name) });
    else if (target)
      others.push({
        type: "ExportNamedDeclaration",
        declaration: null,
        specifiers: [{ type: "ExportSpecifier", local: id(target.name ?? name), exported: id(name) }],
        source: string(target.specifier),
        attributes: [],
      });
  }
  if (own.length > 0)
    others.push({ type: "ExportNamedDeclaration", declaration: null, specifiers: own, source: null, attributes: [] });
  return others;
}

function importNode(specifiers: Node[], specifier: string): Node {
  return { type: "ImportDeclaration", specifiers, source: string(specifier), attributes: [] };
}

function id(name: string): Node {
  return { type: "Identifier", name };
}

function string(value: string): Node {
  return { type: "Literal", value, raw: JSON.stringify(value) };
}
