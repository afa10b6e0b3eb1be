// The flash that images lie in, as a device's update sees it: a port.

/**
 * `single`: this board has one slot, and no update but over its serial port. `trial`: this image
 * was started for the first time after an update, and the next start goes back unless it is
 * confirmed. `undone`: the image in the other slot was not confirmed, or does not start.
 */
export type SlotState = "single" | "trial" | "confirmed" | "undone";

export interface Slots {
  readonly state: SlotState;
  /** Bytes that the free slot holds; 0 where there is none. */
  readonly room: number;
  /** Begins anew, with an empty slot. */
  begin(): void;
  /**
   * Erases what it needs and writes after what was written before: whole sectors, but for the last
   * write. Durable when it returns.
   */
  write(bytes: Uint8Array): void;
  /** SHA-256 of the first `size` bytes that lie in the slot, by native code. */
  digest(size: number): Uint8Array;
  /** The next start is of what was written; throws where that is no whole image. */
  use(): void;
  /** Gives up what was begun. */
  abandon(): void;
  /** This image is the one to start from now on. */
  confirm(): void;
}

/** What flash erases in one piece, in bytes. */
export const SECTOR = 4096;
