// What a linked image on a desktop has of the world: lines in, lines out (firmware/selftest/host.c).
// A function whose body is the call alone becomes the C function itself; anything more and xsc warns.

/** The next line of standard input, or undefined at its end. Waits for it. */
export function readLine(this: unknown): string | undefined {
  return native("selftest_readLine").call(this) as string | undefined;
}

export function writeLine(this: unknown, text: string): void {
  native("selftest_writeLine").call(this, text);
}

/** Peaks since the start: slots, bytes a slot (16 on a 32-bit device), bytes of chunks, with blanks between. */
export function memory(this: unknown): string {
  return native("selftest_memory").call(this) as string;
}
