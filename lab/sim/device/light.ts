// Stands in for "plugpay/light": the simulator's board keeps the rhythm that it shows.

import { call } from "./host";

export function begin(_pin: number, _litByLow: boolean): void {}

export function show(rhythm: string): void {
  call("light.show", { rhythm });
}
