// A serial port for lines of ASCII. The chip's output queue takes 128 bytes and the SDK refuses
// what is more than it has room for, so what does not fit waits here until the port says that it
// can be written to again.

/// <reference path="../../node_modules/@moddable/typings/embedded_io/serial.d.ts" />

import Serial from "embedded:io/serial";

export interface SerialTextOptions {
  /** Pins. */
  readonly receive: number;
  readonly transmit: number;
  readonly baud: number;
  /** Gets what came, in whatever pieces. */
  readonly onText: (text: string) => void;
}

export class SerialText {
  readonly #serial: Serial;
  #waiting = "";
  #room = 0;

  constructor({ receive, transmit, baud, onText }: SerialTextOptions) {
    this.#serial = new Serial({
      receive,
      transmit,
      baud,
      port: 0,
      format: "buffer",
      onReadable: () => {
        const bytes = this.#serial.read() as ArrayBuffer | undefined;
        if (bytes) onText(String.fromCharCode(...new Uint8Array(bytes)));
      },
      onWritable: (room) => {
        this.#room = room;
        this.flush();
      },
    });
  }

  write(text: string): void {
    this.#waiting += text;
    this.flush();
  }

  private flush(): void {
    const now = this.#waiting.slice(0, this.#room);
    if (now === "") return;
    this.#waiting = this.#waiting.slice(now.length);
    this.#room -= now.length;
    this.#serial.write(ascii(now));
  }
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k) & 127;
  return bytes;
}
