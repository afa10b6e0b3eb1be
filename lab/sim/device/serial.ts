// Stands in for "embedded:io/serial" as the SDK has it on ESP32: an output queue of 128 bytes that
// refuses more than it has room for, and says when it is empty.

import { bytesOf, call, receive } from "./host";

const QUEUE_BYTES = 128;

interface SerialOptions {
  readonly onReadable: (count: number) => void;
  readonly onWritable: (count: number) => void;
}

export default class Serial {
  readonly #handle: number;
  #received: ArrayBuffer | undefined;
  #room = QUEUE_BYTES;

  constructor({ onReadable, onWritable, ...pins }: SerialOptions) {
    this.#handle = (call("serial.open", pins).value as { handle: number }).handle;
    receive(this.#handle, ({ kind }, bytes) => {
      if (kind === "readable") {
        this.#received = bytes;
        onReadable(bytes.byteLength);
      } else {
        this.#room = QUEUE_BYTES;
        onWritable(QUEUE_BYTES);
      }
    });
  }

  read(): ArrayBuffer | undefined {
    const bytes = this.#received;
    this.#received = undefined;
    return bytes;
  }

  write(value: ArrayBuffer | ArrayBufferView): void {
    if (value.byteLength > this.#room) throw new Error("output full");
    this.#room -= value.byteLength;
    call("serial.write", { handle: this.#handle }, bytesOf(value));
  }
}
