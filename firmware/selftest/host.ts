// What a linked image on a desktop has of the world: lines in, lines out (firmware/selftest/host.c).
// A method whose body is the call alone becomes the C function itself; anything more and xsc warns.

// biome-ignore lint/complexity/noStaticOnlyClass: the form that xsc turns into C functions
export class Host {
  /** The next line of standard input, or undefined at its end. Waits for it. */
  static readLine(): string | undefined {
    return native("selftest_readLine").call(this) as string | undefined;
  }

  static writeLine(text: string): void {
    native("selftest_writeLine").call(this, text);
  }

  /** Peaks since the start: slots, bytes a slot (16 on a 32-bit device), bytes of chunks, with blanks between. */
  static memory(): string {
    return native("selftest_memory").call(this) as string;
  }
}
