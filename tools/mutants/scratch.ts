// A copy of the tree under build/, in which mutations are made: nobody's own files are ever
// touched.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** What tests read; the rest of the tree they do without. */
const PARTS = ["shared", "lab", "host-tests", "tools", "docs", "package.json", "tsconfig.json"];

export class Scratch {
  readonly folder: string;

  constructor(tree = ".") {
    const build = join(tree, "build");
    mkdirSync(build, { recursive: true });
    this.folder = mkdtempSync(join(build, "mutants-"));
    for (const part of PARTS) cpSync(join(tree, part), join(this.folder, part), { recursive: true });
    const modules = resolve(tree, "node_modules");
    if (existsSync(modules)) symlinkSync(modules, join(this.folder, "node_modules"));
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
