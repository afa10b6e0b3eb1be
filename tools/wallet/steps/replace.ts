// Replaces single functions of a library by equal ones that suit XS. The pins on the libraries' texts make sure that
// what is replaced is what the replacement was written and tested against.

import { child, declarationOf, findDeclaration, findMethod, isNode, list, statements, text } from "../syntax";
import { moduleOf, type Step } from "./step";

export interface Replacement {
  readonly specifier: string;
  /** Why, and by what: part of the build's report. */
  readonly reason: string;
  /** Declarations that stand in for the library's of the same names; new names come before the first of them. */
  readonly source: string;
}

export function replaceDeclarations({ specifier, reason, source }: Replacement): Step {
  return {
    name: `${reason} in ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      const body = list(module.program, "body");
      let count = 0;
      let before: number | undefined;
      const fresh = [];
      for (const statement of statements(source)) {
        if (statement.type === "ImportDeclaration") {
          moduleOf(modules, String(child(statement, "source").value));
          body.unshift(statement);
          continue;
        }
        const name = nameOf(statement);
        const at = body.findIndex((one) => /Declaration$/.test(one.type) && nameOf(declarationOf(one)) === name);
        if (at < 0) {
          fresh.push(statement);
          continue;
        }
        findDeclaration(module, name);
        body[at] = statement;
        before ??= at;
        count += 1;
      }
      body.splice(before ?? body.length, 0, ...fresh);
      return count;
    },
  };
}

/** Replaces methods of a class; `source` is a class with the methods to put in, each of which must exist. */
export function replaceMethods(specifier: string, className: string, reason: string, source: string): Step {
  return {
    name: `${reason} in ${className} of ${specifier}`,
    apply(modules) {
      const module = moduleOf(modules, specifier);
      const [donor] = statements(source);
      if (!donor) throw new Error("wallet: expected a class to take methods from");
      const methods = list(child(donor, "body"), "body");
      for (const method of methods) {
        const target = findMethod(module, className, text(child(method, "key"), "name"));
        Object.assign(target, child(method, "value"));
      }
      return methods.length;
    },
  };
}

function nameOf(statement: { type: string; [field: string]: unknown }): string {
  if (statement.type === "VariableDeclaration") {
    const [only, ...rest] = list(statement, "declarations");
    const id = only && child(only, "id");
    return id && rest.length === 0 && id.type === "Identifier" ? text(id, "name") : "";
  }
  return isNode(statement.id) ? text(statement.id, "name") : "";
}
