// The device's XS turns bytes into text and text into bytes natively (shared/kernel/utf8.ts), in 25
// instructions a byte; the desktop's worker lacks both functions. Here the simulator does it, so
// that neither costs what a loop would.

import { bytesOf, call } from "./host";

interface NativeText {
  fromArrayBuffer?(buffer: ArrayBuffer, offset?: number, length?: number): string;
}
interface NativeBytes {
  fromString?(text: string): ArrayBuffer;
}

/**
 * Text of `length` bytes from `offset`. Throws for anything but ASCII; the callers have a way of
 * their own for the rest.
 */
(String as unknown as NativeText).fromArrayBuffer ??= (buffer, offset = 0, length = buffer.byteLength - offset) => {
  const { value } = call("text.decode", {}, bytesOf(new Uint8Array(buffer, offset, length)));
  return value.text;
};

/** Bytes of `text` in UTF-8. */
(ArrayBuffer as unknown as NativeBytes).fromString ??= (text) => call("text.encode", { text }).bytes;
