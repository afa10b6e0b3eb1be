// The owner's side of a socket.

import type { PowerGate } from "../kernel/ports";
import { formatEnergy, formatSatoshi } from "../kernel/units";
import type { SocketController } from "../socket/controller";
import type { SocketSettings } from "../socket/settings";
import type { SocketView } from "../socket/view";
import { socketFamilies } from "./metrics";
import type { Running } from "./owner";
import type { SessionLog } from "./sessions";
import { socketStatus } from "./status";

export interface RunningSocket {
  readonly controller: SocketController;
  readonly gate: PowerGate;
  readonly calibrated: boolean;
  /** The object that the controller works with. */
  readonly settings: SocketSettings;
  readonly sessions: SessionLog;
}

export function runningSocket({ controller, gate, calibrated, settings, sessions }: RunningSocket): Running {
  return {
    gate,
    calibrated,
    totalAtStart: gate.read().total,
    status: () => socketStatus(controller.view(), settings, sessions.earned, gate.read()),
    families: () => socketFamilies(controller.view(), settings, sessions.earned),
    forgive: () => controller.forgive(),
    clear: () => controller.clear(),
    unsettled: () => unsettled(controller.view()),
    losses: () => losses(controller.view(), gate.read().total),
    stop: () => controller.stop(),
  };
}

function unsettled({ record, channels }: SocketView): string | undefined {
  if (record.session) return "a session is open";
  if (channels.open > 0) return `${channels.open} channels are open (the setting closeChannels closes them)`;
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
