// A chip's flash with two slots for images, and what ESP-IDF's bootloader and esp_ota_ops.c do with
// it where rollback is on (v6.0): the sequence numbers and states in the two sectors of `otadata`.
// Flash is erased by sectors and programmed byte by byte, and power may go at any of them.
//
// An image here is E9 "plg", its body's length (32 bits, little-endian), the body, and its SHA-256:
// a torn one is known, as an image of ESP-IDF's is by the hash at its end.

import { createHash } from "node:crypto";
import { crc32 } from "../../shared/journal/crc32";
import { SECTOR, type SlotState, type Slots } from "../../shared/update/slots";

const HEAD = 8;
const HASH = 32;
const ENTRY = 32;
const BLANK = 0xffff_ffff;
const STATE = { new: 0, pending: 1, valid: 2, invalid: 3, aborted: 4, undefined: BLANK } as const;

export type SlotNumber = 0 | 1;

/** Power went in the middle of an erasure or a write. */
export class FlashCut extends Error {}

export function modelImage(body: Uint8Array): Uint8Array {
  const image = new Uint8Array(HEAD + body.length + HASH);
  image.set([0xe9, 0x70, 0x6c, 0x67]);
  new DataView(image.buffer).setUint32(4, body.length, true);
  image.set(body, HEAD);
  image.set(
    createHash("sha256")
      .update(image.subarray(0, HEAD + body.length))
      .digest(),
    HEAD + body.length,
  );
  return image;
}

/** The body of the image that `slot` begins with; undefined where there is no whole one. */
export function bodyIn(slot: Uint8Array): Uint8Array | undefined {
  if (slot[0] !== 0xe9) return undefined;
  const length = new DataView(slot.buffer, slot.byteOffset).getUint32(4, true);
  if (HEAD + length + HASH > slot.length) return undefined;
  const hash = createHash("sha256")
    .update(slot.subarray(0, HEAD + length))
    .digest();
  return hash.equals(slot.subarray(HEAD + length, HEAD + length + HASH))
    ? slot.subarray(HEAD, HEAD + length)
    : undefined;
}

interface Entry {
  readonly seq: number;
  readonly state: number;
}

export class ModelFlash {
  /**
   * Bytes that were programmed, and erasures, each counted as a sector: places where power may go.
   */
  work = 0;
  /** Power goes after so much more work. */
  cutAfter: number | undefined;
  readonly #slots: readonly [Uint8Array, Uint8Array];
  readonly #otadata: readonly [Uint8Array, Uint8Array] = [blank(SECTOR), blank(SECTOR)];
  /** Slot of the image that runs; undefined while nothing does. */
  running: SlotNumber | undefined;

  /** As it left the factory: an image in the first slot, and nothing else. */
  constructor(
    first: Uint8Array,
    readonly slotBytes: number,
  ) {
    this.#slots = [blank(slotBytes), blank(slotBytes)];
    this.#slots[0].set(first);
  }

  /** What flash holds at this moment. */
  copy(): ModelFlash {
    const copy = new ModelFlash(new Uint8Array(0), this.slotBytes);
    for (const at of [0, 1] as const) {
      copy.#slots[at].set(this.#slots[at]);
      copy.#otadata[at].set(this.#otadata[at]);
    }
    return copy;
  }

  // ---------------------------------------------------------------- the bootloader

  /** A start: gives the body of the image that runs from now on; undefined where none is whole. */
  boot(): Uint8Array | undefined {
    this.running = undefined;
    for (const at of [0, 1] as const) if (this.entry(at).state === STATE.pending) this.put(at, STATE.aborted);
    const chosen = this.choose();
    for (const slot of [chosen, (1 - chosen) as SlotNumber]) {
      const body = bodyIn(this.#slots[slot]);
      if (!body) continue;
      this.running = slot;
      if (this.isNew()) this.put(0, STATE.valid, slot + 1);
      return body;
    }
    return undefined;
  }

  /** Nothing in `otadata` says which slot was started last. */
  private isNew(): boolean {
    return ([0, 1] as const).every((at) => this.entry(at).seq === BLANK || !this.isSound(at));
  }

  private choose(): SlotNumber {
    const active = this.active();
    if (active === undefined) return 0;
    const { seq, state } = this.entry(active);
    if (state === STATE.new) this.put(active, STATE.pending);
    return ((seq - 1) % 2) as SlotNumber;
  }

  /** Which of the two sectors counts. */
  private active(): SlotNumber | undefined {
    const [one, other] = [this.entry(0), this.entry(1)];
    const counts = [this.holds(0), this.holds(1)];
    if (counts[0] && counts[1]) return one.seq >= other.seq ? 0 : 1;
    if (counts[0]) return 0;
    return counts[1] ? 1 : undefined;
  }

  private holds(at: SlotNumber): boolean {
    const { seq, state } = this.entry(at);
    return seq !== BLANK && state !== STATE.invalid && state !== STATE.aborted && this.isSound(at);
  }

  private isSound(at: SlotNumber): boolean {
    return new DataView(this.#otadata[at].buffer).getUint32(28, true) === sumOf(this.entry(at).seq);
  }

  private entry(at: SlotNumber): Entry {
    const view = new DataView(this.#otadata[at].buffer);
    return { seq: view.getUint32(0, true), state: view.getUint32(24, true) };
  }

  private put(at: SlotNumber, state: number, seq = this.entry(at).seq): void {
    const bytes = blank(ENTRY);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, seq, true);
    view.setUint32(24, state, true);
    view.setUint32(28, sumOf(seq), true);
    this.erase(this.#otadata[at], 0);
    this.program(this.#otadata[at], 0, bytes);
  }

  // ---------------------------------------------------------------- what a running image does

  /** The slots as the image that runs now sees them. */
  slots(): Slots {
    const flash = this;
    let written = 0;
    return {
      get state() {
        return flash.state();
      },
      room: this.slotBytes,
      begin: () => {
        written = 0;
        flash.forgetOther();
      },
      write: (bytes) => {
        const slot = flash.free();
        for (let at = written; at < written + bytes.length; at += SECTOR) flash.erase(slot, at);
        flash.program(slot, written, bytes);
        written += bytes.length;
      },
      digest: (size) => createHash("sha256").update(flash.free().subarray(0, size)).digest(),
      use: () => flash.use(),
      abandon: () => {},
      confirm: () => {
        const active = flash.active();
        if (active !== undefined) flash.put(active, STATE.valid);
      },
    };
  }

  private state(): SlotState {
    const active = this.active();
    const ran = active !== undefined && (this.entry(active).seq - 1) % 2 === this.running;
    if (ran && this.entry(active).state === STATE.pending) return "trial";
    const failed = ([0, 1] as const).some((at) => {
      const { seq, state } = this.entry(at);
      return seq !== BLANK && (state === STATE.aborted || state === STATE.invalid);
    });
    return failed ? "undone" : "confirmed";
  }

  private free(): Uint8Array {
    return this.#slots[this.running === 0 ? 1 : 0];
  }

  /**
   * What is about to be overwritten is started by nobody
   * (esp_ota_invalidate_inactive_ota_data_slot).
   */
  private forgetOther(): void {
    const active = this.active();
    if (active !== undefined) this.erase(this.#otadata[1 - active] as Uint8Array, 0);
  }

  /** esp_ota_set_boot_partition, after esp_ota_end has looked whether it is whole. */
  private use(): void {
    if (!bodyIn(this.free())) throw new Error("that is no whole image");
    const other = this.running === 0 ? 1 : 0;
    const active = this.active();
    const last = active === undefined ? 0 : this.entry(active).seq;
    let seq = other + 1;
    while (seq <= last) seq += 2;
    this.put(active === 0 ? 1 : 0, STATE.new, seq);
  }

  // ---------------------------------------------------------------- the medium

  private erase(area: Uint8Array, from: number): void {
    const left = this.spend(SECTOR);
    area.fill(0xff, from, from + left);
    this.cut(left < SECTOR);
  }

  private program(area: Uint8Array, from: number, bytes: Uint8Array): void {
    const left = this.spend(bytes.length);
    // Programming clears bits and sets none.
    for (let at = 0; at < left; at++) area[from + at] = (area[from + at] as number) & (bytes[at] as number);
    this.cut(left < bytes.length);
  }

  /** How much of it comes to pass before power goes. */
  private spend(wanted: number): number {
    const left = Math.min(wanted, this.cutAfter ?? wanted);
    this.work += left;
    if (this.cutAfter !== undefined) this.cutAfter -= left;
    return left;
  }

  private cut(isCut: boolean): void {
    if (isCut) throw new FlashCut("power went");
  }
}

function blank(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xff);
}

/** As esp_rom_crc32_le(UINT32_MAX, ...) has it of the sequence number's four bytes. */
function sumOf(seq: number): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, seq, true);
  return ~crc32(bytes, 0, 4, BLANK) >>> 0;
}
