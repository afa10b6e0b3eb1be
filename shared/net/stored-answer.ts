// An answer that lies somewhere already, such as in flash: read and sent piece by piece, as its
// peer takes it.

import type { Connection } from "../kernel/ports";

/** Head and body as they are sent. */
export interface StoredAnswer {
  readonly length: number;
  /** The bytes from `from` to before `to`. */
  read(from: number, to: number): Uint8Array;
}

/** A piece fits a segment of TCP, and so many go out at a time, as a stack takes them. */
const PIECE_BYTES = 1436;
const PIECES_AT_ONCE = 4;

/**
 * Sends on from `from`, as long as all before is out; gives how far it came. Never more in memory
 * than a piece.
 */
export function sendOn(connection: Connection, answer: StoredAnswer, from: number): number {
  let at = from;
  for (let left = PIECES_AT_ONCE; left > 0 && at < answer.length && (connection.unsent ?? 0) === 0; left--) {
    const end = Math.min(at + PIECE_BYTES, answer.length);
    connection.write(answer.read(at, end));
    at = end;
  }
  return at;
}
