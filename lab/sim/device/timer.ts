// Stands in for Moddable's "timer".

import { call, ignore, receive } from "./host";

type Callback = (timer: Timer) => void;

export default class Timer {
  private constructor(
    private handle: number,
    private readonly callback: Callback,
    private repeat: number,
  ) {}

  static set(callback: Callback, interval = 0, repeat = 0): Timer {
    const timer = new Timer(0, callback, repeat);
    timer.arm(interval);
    return timer;
  }

  static repeat(callback: Callback, interval: number): Timer {
    return Timer.set(callback, interval, interval);
  }

  static schedule(timer: Timer, interval?: number, repeat = 0): void {
    Timer.clear(timer);
    timer.repeat = repeat;
    if (interval !== undefined) timer.arm(interval);
  }

  static clear(timer: Timer | undefined | null): void {
    if (!timer?.handle) return;
    call("timer.clear", { handle: timer.handle });
    ignore(timer.handle);
    timer.handle = 0;
  }

  static delay(milliseconds: number): void {
    call("timer.delay", { milliseconds });
  }

  private arm(interval: number): void {
    // The device's timer takes whole milliseconds.
    const { handle } = call("timer.set", { interval: Math.trunc(interval) }).value as { handle: number };
    this.handle = handle;
    receive(handle, () => {
      ignore(handle);
      this.handle = 0;
      if (this.repeat > 0) this.arm(this.repeat);
      this.callback(this);
    });
  }
}
