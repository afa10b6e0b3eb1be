// A board that is being calibrated, over its serial port: speaks the lines of
// shared/board/calibration-line.ts.

import { spawnSync } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import type { GateCalibration } from "../../shared/board/gate-options";
import type { CalibrationPoint } from "./fit";

const TIMEOUT_MS = 3000;
const BAUD = "115200";

interface Reading {
  readonly voltage: number;
  readonly current: number;
  readonly power: number;
  readonly reactive: number;
  readonly frequency: number;
  readonly closed: boolean;
  readonly trip?: string;
  /** Peak at the end of the current channel's scale, mA. */
  readonly range: number;
  readonly calibration: Required<GateCalibration>;
}

export class Board {
  #text = "";

  private constructor(
    readonly file: FileHandle,
    readonly path: string,
  ) {}

  /** Sets the port up with `stty` and opens it. A plain file or a pseudo-terminal does too. */
  static async open(path: string): Promise<Board> {
    spawnSync("stty", ["-F", path, BAUD, "raw", "-echo"]);
    try {
      return new Board(await open(path, "r+"), path);
    } catch (error) {
      throw new Error(
        `${path} does not open (${(error as Error).message}): is the board connected, are you in dialout?`,
      );
    }
  }

  /**
   * Closes the relay, waits for the readings to settle, and gives their mean over `seconds`. Opens
   * the relay again.
   */
  async measure(reference: { watts: number; volts: number }, seconds: number): Promise<CalibrationPoint> {
    await this.#ask(`close ${seconds + 10}`);
    await pause(3000);
    const sum = { volts: 0, amperes: 0, watts: 0, vars: 0 };
    let hz = 0;
    const count = seconds * 5;
    for (let k = 0; k < count; k++) {
      const reading = await this.#ask<Reading>("read");
      if (reading.trip) throw new Error(`the gate tripped: ${reading.trip}`);
      if (!reading.closed) throw new Error("the gate does not close its relay");
      sum.volts += reading.voltage / 1000 / count;
      sum.amperes += reading.current / 1000 / count;
      sum.watts += reading.power / 1000 / count;
      sum.vars += reading.reactive / 1000 / count;
      hz += reading.frequency / 1000 / count;
      await pause(200);
    }
    await this.#ask("open");
    return { read: sum, hz, reference };
  }

  /** The calibration in force, and the current channel's peak range in A. */
  async inForce(): Promise<{ calibration: Required<GateCalibration>; range: number }> {
    const { calibration, range } = await this.#ask<Reading>("read");
    return { calibration, range: range / 1000 };
  }

  async store(record: string): Promise<void> {
    await this.#ask(`store ${record}`);
  }

  close(): void {
    void this.file.close();
  }

  async #ask<T = object>(line: string): Promise<T> {
    await this.file.write(`${line}\n`);
    const answer = JSON.parse(await this.#line()) as T & { error?: string };
    if (answer.error !== undefined) throw new Error(`the board refuses "${line}": ${answer.error}`);
    return answer;
  }

  /** The next answer; the board's story, and what else comes over a console, is passed over. */
  async #line(): Promise<string> {
    const until = Date.now() + TIMEOUT_MS;
    const buffer = Buffer.alloc(1024);
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end).trim();
        this.#text = this.#text.slice(end + 1);
        if (line.startsWith("{") && !line.startsWith('{"name":')) return line;
        continue;
      }
      const silent = pause(until - Date.now()).then(() => undefined);
      const read = await Promise.race([this.file.read(buffer, 0, buffer.length, null), silent]);
      if (!read) throw new Error(`${this.path} says nothing: is firmware/calibrator on the board?`);
      this.#text += buffer.toString("utf8", 0, read.bytesRead);
      if (read.bytesRead === 0) await pause(20);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Asks a person and waits for Enter. */
export async function question(text: string): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  await terminal.question(text);
  terminal.close();
}
