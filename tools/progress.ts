// How far a long command is, on standard error: on a terminal one line that is written anew,
// elsewhere a line now and then.

/** Between two lines where nobody watches, in ms. */
const LINE_MS = 15_000;
/** A command that ends sooner shows nothing. */
const FIRST_MS = 2000;

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class Progress {
  private readonly started: number;
  private shown = 0;
  private open = false;

  constructor(
    private readonly output: ProgressOutput = process.stderr,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
  }

  /** "fuzz: 3 of 12 targets" */
  at(text: string): void {
    const now = this.now();
    const pause = this.output.isTTY ? 100 : LINE_MS;
    if (now - this.started < FIRST_MS || now - this.shown < pause) return;
    this.shown = now;
    this.open = this.output.isTTY === true;
    this.output.write(this.open ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Takes the line away, so that a result begins a line of its own. */
  clear(): void {
    if (this.open) this.output.write("\r\x1b[K");
    this.open = false;
  }
}
