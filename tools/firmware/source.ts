// Where a board's console is read from: a serial port, a pseudo-terminal, an emulator's socket, a
// file, standard input.

import { spawnSync } from "node:child_process";
import { constants, createReadStream, openSync, statSync } from "node:fs";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { ReadStream } from "node:tty";
import { UsageError } from "./targets";

export const BAUD = 115_200;

export interface Source {
  readonly stream: Readable;
  /** A port: opening it may restart the board, and it may go and come back. */
  readonly isPort: boolean;
}

/**
 * Opens `path`; "-" is standard input. Writes nothing to it, ever. Throws a UsageError that says
 * what to do.
 */
export function openSource(path: string): Source {
  if (path === "-") return { stream: process.stdin, isPort: false };
  try {
    const found = statSync(path);
    if (found.isSocket()) return { stream: connect(path), isPort: true };
    if (!found.isCharacterDevice()) return { stream: createReadStream(path), isPort: false };
    return { stream: openTerminal(path), isPort: true };
  } catch (error) {
    throw new UsageError(
      `${path} does not open (${(error as Error).message}): is the board connected, may you read it (group dialout)?`,
    );
  }
}

/**
 * Without HUPCL the port's DTR and RTS stay as they are when it is closed: a monitor that ends
 * restarts nothing. Both rise when it is opened first; together they leave most boards alone.
 */
function openTerminal(path: string): Readable {
  const file = process.platform === "darwin" ? "-f" : "-F";
  spawnSync("stty", [file, path, String(BAUD), "raw", "-echo", "-hupcl", "clocal"], { stdio: "ignore" });
  return new ReadStream(openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK));
}
