// Lines that come while somebody types: what is typed stays, and moves below them. Into a pipe go
// the lines only.

import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";

export class Prompt {
  readonly isTerminal: boolean;
  private readonly lines: Interface;

  constructor(
    input: NodeJS.ReadStream,
    private readonly output: NodeJS.WriteStream,
    takes: { line(line: string): void; end(): void },
  ) {
    this.isTerminal = input.isTTY === true && output.isTTY === true;
    this.lines = createInterface(this.isTerminal ? { input, output, prompt: "> " } : { input });
    this.lines.on("line", (line) => {
      takes.line(line);
      if (this.isTerminal) this.lines.prompt();
    });
    // On a terminal Ctrl-C arrives as a character here, not as a signal to the process.
    this.lines.on("SIGINT", () => takes.end());
    if (this.isTerminal) this.lines.prompt();
  }

  say(text: string): void {
    if (this.isTerminal) {
      cursorTo(this.output, 0);
      clearLine(this.output, 0);
    }
    this.output.write(`${text}\n`);
    if (this.isTerminal) this.lines.prompt(true);
  }

  close(): void {
    this.lines.close();
    if (this.isTerminal) this.output.write("\n");
  }
}
