// The module "plugpay/update" on a device (update-esp32.c): the slots for images in its flash. Each
// throws where flash or ESP-IDF refuses.

/** "single", "trial", "confirmed" or "undone" (shared/update/slots.ts). */
export function slotState(this: unknown): string {
  return native("plugpay_slot_state").call(this) as string;
}

/** Bytes that the free slot holds; 0 where there is none. */
export function slotRoom(this: unknown): number {
  return native("plugpay_slot_room").call(this) as number;
}

export function slotBegin(this: unknown): void {
  native("plugpay_slot_begin").call(this);
}

/** Writes a whole buffer after what was written before. */
export function slotWrite(this: unknown, bytes: ArrayBuffer): void {
  native("plugpay_slot_write").call(this, bytes);
}

/** SHA-256 of the first `size` bytes in the slot. */
export function slotDigest(this: unknown, size: number): ArrayBuffer {
  return native("plugpay_slot_digest").call(this, size) as ArrayBuffer;
}

/** The next start is of what was written. */
export function slotUse(this: unknown): void {
  native("plugpay_slot_use").call(this);
}

export function slotAbandon(this: unknown): void {
  native("plugpay_slot_abandon").call(this);
}

/** The image that runs is the one to start from now on. */
export function slotConfirm(this: unknown): void {
  native("plugpay_slot_confirm").call(this);
}
