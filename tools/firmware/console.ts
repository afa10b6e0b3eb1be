// Reads what a board says on its console: its story, one JSON object a line, and what must never be
// among it.

/** What ESP-IDF and XS print when a chip gives up; it starts again after each. */
const GAVE_UP = ["Guru Meditation", "abort() was called", "assert failed", "Stack protection fault", "Rebooting..."];

/** Of a line of the story; within one it would have backslashes. */
const BEGINNING = '{"name":';

export interface BoardEvent {
  readonly name: string;
  readonly [fact: string]: unknown;
}

export class ConsoleReader {
  readonly #onEvent: (event: BoardEvent) => void;
  readonly #onTrouble: (why: string) => void;
  #rest = "";
  /** Starts that somebody brought about: the first, and one for each press of the reset button. */
  #expected = 1;
  #mayEnd = false;

  /** `onTrouble` hears of what no board may do: give up, start again, trip its gate. */
  constructor(options: {
    readonly onEvent: (event: BoardEvent) => void;
    readonly onTrouble: (why: string) => void;
  }) {
    this.#onEvent = options.onEvent;
    this.#onTrouble = options.onTrouble;
  }

  /** The board is about to be reset: what it was saying ends, and its next start is no trouble. */
  expectBoot(): void {
    this.#expected = 1;
  }

  /**
   * The board's program is about to be ended: what it says of that is no trouble either, until it
   * starts again.
   */
  expectEnd(): void {
    this.#expected = 1;
    this.#mayEnd = true;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.line(line.trim());
  }

  private line(line: string): void {
    const second = line.indexOf(BEGINNING, 1);
    if (line.startsWith(BEGINNING) && second > 0) {
      this.#onTrouble(`the console lost what stood between: ${line}`);
      this.line(line.slice(second));
      return;
    }
    if (!this.#mayEnd && GAVE_UP.some((sign) => line.includes(sign))) this.#onTrouble(`the board gave up: ${line}`);
    const event = eventOf(line);
    if (!event) return;
    this.#onEvent(event);
    if (event.name === "boot") this.#mayEnd = false;
    if (event.name === "boot" && --this.#expected < 0) this.#onTrouble(`the board started again: ${line}`);
    if (event.name === "trip") this.#onTrouble(`the power gate tripped: ${line}`);
    if (event.name === "error") this.#onTrouble(`the board told of an error: ${line}`);
  }
}

/** Undefined for what is not a line of a story: the chip's own messages have other forms. */
export function eventOf(line: string): BoardEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const event: unknown = JSON.parse(line);
    const named = typeof event === "object" && event !== null && "name" in event && typeof event.name === "string";
    return named ? (event as BoardEvent) : undefined;
  } catch {
    return undefined;
  }
}
