// A transformation of the libraries: small, general where it can be, and strict: one that finds
// nothing to do means that the library changed or that the step is not needed any more, and stops
// the build.

import type { Module } from "../syntax";

export interface Step {
  /** What it does, for messages: `inline rotr, Chi, Maj`. */
  readonly name: string;
  /** Changes the modules in place; gives the number of places that it changed. */
  apply(modules: ReadonlyMap<string, Module>): number;
}

/** Applies the steps in order; gives how many places each one changed. */
export function applySteps(modules: ReadonlyMap<string, Module>, steps: readonly Step[]): Map<string, number> {
  const changes = new Map<string, number>();
  for (const step of steps) {
    const count = step.apply(modules);
    if (count === 0)
      throw new Error(`wallet: the step "${step.name}" found nothing to do: the library changed, or drop the step`);
    changes.set(step.name, (changes.get(step.name) ?? 0) + count);
  }
  return changes;
}

export function moduleOf(modules: ReadonlyMap<string, Module>, specifier: string): Module {
  const module = modules.get(specifier);
  if (!module) throw new Error(`wallet: expected the module ${specifier} in the image, found none`);
  return module;
}
