// What comes over a board's console, made into lines for people or programs. The board tells one
// JSON object a line; among them come what the chip itself prints (its loader, a panic) and noise,
// whole and in pieces.

import { sentenceOf } from "../../lab/sim/story";
import { storyLine } from "../../lab/sim/view";
import { type BoardEvent, eventOf } from "./console";

/** A line without an end is noise. */
const LONGEST = 4096;
/** A boot so soon after the port was opened is taken for its doing. */
const OPENING_MS = 2000;
/**
 * Share of characters that are no text, from which on a line is noise: another speed, a cable that
 * is loose.
 */
const NOISE = 0.3;

export interface MonitorOptions {
  readonly write: (line: string) => void;
  /** One JSON object a line. */
  readonly json: boolean;
  readonly colours: boolean;
  /** Opening the source may restart the board: it is a serial port. */
  readonly mayRestart: boolean;
}

export class MonitorLines {
  readonly #options: MonitorOptions;
  #device: "socket" | "cable" | undefined;
  #opened = 0;
  #booted = 0;
  #rest = "";
  #skipping = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** The source was opened, at `now` ms: what was left of a line before is none. */
  opened(now: number): void {
    this.#opened = now;
    this.#booted = now;
    this.#rest = "";
    this.#skipping = false;
  }

  take(text: string, now: number): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!this.#skipping) this.line(line.trim(), now);
      this.#skipping = false;
    }
    if (this.#rest.length <= LONGEST) return;
    if (!this.#skipping) this.note("noise: a line without an end", now);
    this.#rest = "";
    this.#skipping = true;
  }

  /** What the monitor itself has to say. */
  note(text: string, now: number): void {
    this.tell("", { name: "monitor", text }, text, now);
  }

  private line(line: string, now: number): void {
    if (line === "") return;
    // A board that restarts leaves half a line; its next one may begin in the middle.
    const start = line.lastIndexOf('{"name":');
    const event = start >= 0 ? eventOf(line.slice(start)) : undefined;
    if (event) this.event(event, now);
    else if (isNoise(line)) this.note(`noise, ${line.length} characters: is the speed 115,200 baud?`, now);
    else this.tell("chip", { name: "chip", text: line }, line, now);
  }

  private event(event: BoardEvent, now: number): void {
    if (event.name === "boot") this.boot(event, now);
    const from = this.#device ?? "board";
    const facts = event as Parameters<typeof sentenceOf>[0]["event"];
    this.tell(from, event, sentenceOf({ from, event: facts }), now);
  }

  private boot({ device }: BoardEvent, now: number): void {
    this.#device = device === "socket" || device === "cable" ? device : undefined;
    if (this.#options.mayRestart && now - this.#opened < OPENING_MS)
      this.note("the board has just started: opening the port restarts some boards (DTR, RTS)", now);
    this.#booted = now;
  }

  private tell(from: string, event: BoardEvent, sentence: string, now: number): void {
    const at = now - this.#booted;
    const { write, json, colours } = this.#options;
    if (json) write(JSON.stringify({ atMs: Math.round(at), ...(from === "" ? {} : { from }), ...event }));
    else write(storyLine({ at, from, sentence }, colours));
  }
}

function isNoise(line: string): boolean {
  let strange = 0;
  for (const character of line) if (character < " " || character > "~") strange++;
  return strange > line.length * NOISE;
}
