// The owner's side of a socket.

import { formatEnergy, formatSatoshi } from "../kernel/units";
import type { SocketController } from "../socket/controller";
import type { SocketSettings } from "../socket/settings";
import type { SocketView } from "../socket/view";
import { type LightWord, lightOf } from "./light";
import { type Family, socketFamilies } from "./metrics";
import { RunningDevice, type RunningOptions } from "./running";
import type { SessionLog } from "./sessions";
import { socketStatus } from "./status";

export interface RunningSocketOptions extends RunningOptions<SocketController> {
  /** The object that the controller works with. */
  readonly settings: SocketSettings;
  readonly sessions: SessionLog;
}

export class RunningSocket extends RunningDevice<SocketController, RunningSocketOptions> {
  status(): object {
    const { controller, settings, sessions, gate } = this.options;
    return socketStatus(controller.view(), settings, sessions.earned, gate.read());
  }

  light(): LightWord {
    const { record, trip, isGuessing } = this.options.controller.view();
    return lightOf({ state: record.state, trip, isOpen: record.session !== undefined, isGuessing });
  }

  families(): readonly Family[] {
    const { controller, settings, sessions } = this.options;
    return socketFamilies(controller.view(), settings, sessions.earned);
  }

  unsettled(): string | undefined {
    return unsettled(this.options.controller.view());
  }

  losses(): readonly string[] {
    const { controller, gate } = this.options;
    return losses(controller.view(), gate.read().total);
  }
}

function unsettled({ record, channels }: SocketView): string | undefined {
  if (record.session) return "a session is open";
  const { length } = channels.entries;
  if (length > 0) return `${length} channels are not over (the setting closeChannels closes them)`;
  if (record.settlements.length > 0) return `${record.settlements.length} settlements wait to be buried in blocks`;
  return record.state === "paid" ? "a cable draws what it paid for" : undefined;
}

function losses({ record }: SocketView, total: number): readonly string[] {
  const owed = record.debts.reduce((sum, { amount }) => sum + amount, 0);
  const parked = record.parked.reduce((sum, { energy }) => sum + energy, 0);
  return [
    `the meter's total of ${formatEnergy(Math.floor(total / 1000))}`,
    ...(owed > 0 ? [`debts of cables, ${formatSatoshi(owed)}`] : []),
    ...(parked > 0 ? [`what cables paid for and have not drawn, ${formatEnergy(parked)}: they will claim it`] : []),
    ...(record.cheats.length > 0 ? [`whom it caught cheating, ${record.cheats.length} addresses`] : []),
  ];
}
