// Stands in for "plugpay/display": the simulator's board keeps what it shows.

import { bytesOf, call } from "./host";

export default class Display {
  constructor(_data: number, _clock: number) {}

  page(index: number, bytes: Uint8Array): void {
    call("display.page", { index }, bytesOf(bytes));
  }
}
