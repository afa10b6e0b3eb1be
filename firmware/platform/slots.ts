// The slots for images in this device's flash (firmware/native/update-esp32.c).

import {
  slotAbandon,
  slotBegin,
  slotConfirm,
  slotDigest,
  slotRoom,
  slotState,
  slotUse,
  slotWrite,
} from "plugpay/update";
import type { SlotState, Slots } from "../../shared/update/slots";

export class DeviceSlots implements Slots {
  get state(): SlotState {
    return slotState() as SlotState;
  }

  get room(): number {
    return slotRoom();
  }

  begin(): void {
    slotBegin();
  }

  write(bytes: Uint8Array): void {
    // The native side takes whole buffers.
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    slotWrite(whole.buffer as ArrayBuffer);
  }

  digest(size: number): Uint8Array {
    return new Uint8Array(slotDigest(size));
  }

  use(): void {
    slotUse();
  }

  abandon(): void {
    slotAbandon();
  }

  confirm(): void {
    slotConfirm();
  }
}
