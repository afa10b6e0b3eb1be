// Stands in for the native "plugpay/update": the slots of a simulated device's flash
// (lab/model/flash.ts), where the simulator gave it one.

import { call } from "./host";

export function slotState(): string {
  return call("slot.state").value as string;
}

export function slotRoom(): number {
  return call("slot.room").value as number;
}

export function slotBegin(): void {
  call("slot.begin");
}

export function slotWrite(bytes: ArrayBuffer): void {
  call("slot.write", {}, bytes);
}

export function slotDigest(size: number): ArrayBuffer {
  return call("slot.digest", { size }).bytes;
}

export function slotUse(): void {
  call("slot.use");
}

export function slotAbandon(): void {
  call("slot.abandon");
}

export function slotConfirm(): void {
  call("slot.confirm");
}
