// Stands in for "embedded:io/digital": an output that the live view may show. The relay is the
// power gate's, not ours.

import { call } from "./host";

export default class Digital {
  static readonly Input = 0;
  static readonly InputPullUp = 1;
  static readonly InputPullDown = 2;
  static readonly InputPullUpDown = 3;
  static readonly Output = 8;
  static readonly OutputOpenDrain = 9;
  #value: 0 | 1 = 0;

  constructor(private readonly options: { pin: number; mode: number; initialValue?: 0 | 1 }) {
    if (options.mode !== Digital.Output && options.mode !== Digital.OutputOpenDrain)
      throw new RangeError("unimplemented");
    this.write(options.initialValue ?? 0);
  }

  write(value: 0 | 1): void {
    this.#value = value;
    call("pin.write", { pin: this.options.pin, value });
  }

  read(): 0 | 1 {
    return this.#value;
  }

  close(): void {}
}
