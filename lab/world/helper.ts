// A child process that answers each line with one line, in order. A line that begins with "!" is an
// error's text.

import { type ChildProcess, spawn } from "node:child_process";

export type Answer = readonly string[];

interface Waiting {
  readonly request: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class Helper {
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #rest = "";
  #ended: Error | undefined;

  constructor(executable: string) {
    const child = spawn(executable, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.on("error", (error) => this.#end(new Error(`${executable} does not start: ${error.message}`)));
    child.on("close", (code, signal) => this.#end(new Error(`the world's helper ended (${signal ?? code})`)));
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    child.stdin?.on("error", () => {}); // "close" tells
    this.#hold(false);
  }

  /**
   * Sends one line; gives the words of the answer. Rejects with the helper's own sentence when it
   * refuses.
   */
  request(line: string): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: line, resolve, reject });
      this.#hold(true);
      this.#child.stdin?.write(`${line}\n`);
    });
  }

  close(): void {
    if (this.#ended) return;
    this.#end(new Error("the world was closed"));
    this.#child.stdin?.end();
    this.#child.kill();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#hold(false);
      if (line.startsWith("!")) waiting?.reject(new Error(`${line.slice(1).trim()} (asked: ${waiting.request})`));
      else waiting?.resolve(line.split(" "));
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended);
  }

  /** An idle helper does not keep Node alive; one that owes an answer does. */
  #hold(busy: boolean): void {
    const handles = [this.#child, this.#child.stdout, this.#child.stdin] as unknown as (Refable | null)[];
    for (const handle of handles) busy ? handle?.ref?.() : handle?.unref?.();
  }
}

interface Refable {
  ref?(): void;
  unref?(): void;
}
