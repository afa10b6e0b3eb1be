// Stands in for the native power gate of firmware/native: the same C core, fed by the simulated
// world (lab/world/).

import type { GateOptions } from "../../../shared/board/gate-options";
import type { GateEvent, GateReading, Lease, PowerGate } from "../../../shared/kernel/ports";
import type { MicrowattHour } from "../../../shared/kernel/units";
import { call, receive } from "./host";

export default class NativePowerGate implements PowerGate {
  onEvent: (event: GateEvent) => void = () => {};

  constructor(options: GateOptions = {}) {
    const { handle } = call("gate.open", { options }).value as { handle: number };
    receive(handle, ({ value }) => this.onEvent(value as GateEvent));
  }

  grant(lease: Lease): void {
    call("gate.grant", { lease });
  }

  revoke(): void {
    call("gate.revoke");
  }

  clear(): void {
    call("gate.clear");
  }

  restore(total: MicrowattHour): void {
    call("gate.restore", { total });
  }

  read(): GateReading {
    return call("gate.read").value as GateReading;
  }
}
