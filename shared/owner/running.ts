// What an owner's side sees and asks of a device that runs: what a socket and a cable have alike.

import type { ChannelEntry } from "../channel/record";
import type { PowerGate } from "../kernel/ports";
import { channelsShown } from "./channels";
import type { LightWord } from "./light";
import type { Family } from "./metrics";
import type { Running } from "./owner";

interface Controller {
  view(): { readonly channels: { readonly entries: readonly ChannelEntry[] } };
  forgive(): void;
  clear(): boolean;
  stop(): Promise<void> | void;
}

export interface RunningOptions<C extends Controller> {
  readonly controller: C;
  readonly gate: PowerGate;
  readonly calibrated: boolean;
}

export abstract class RunningDevice<C extends Controller, O extends RunningOptions<C>> implements Running {
  readonly totalAtStart: number;

  constructor(protected readonly options: O) {
    this.totalAtStart = options.gate.read().total;
  }

  get gate(): PowerGate {
    return this.options.gate;
  }

  get calibrated(): boolean {
    return this.options.calibrated;
  }

  abstract status(): object;
  abstract light(): LightWord;
  abstract families(): readonly Family[];
  abstract unsettled(): string | undefined;
  abstract losses(): readonly string[];

  channels(): object {
    return channelsShown(this.options.controller.view().channels.entries);
  }

  forgive(): void {
    this.options.controller.forgive();
  }

  clear(): boolean {
    return this.options.controller.clear();
  }

  stop(): Promise<void> | void {
    return this.options.controller.stop();
  }
}
