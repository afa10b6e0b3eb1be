// An update's way into the free slot, whichever way its bytes come: the manifest is checked before
// anything is settled, and all that lies in flash is hashed before the next start is changed. Until
// then the device starts what it started before, whenever its power goes.

import { bytesToHex } from "../bitcoin/bytes";
import { messageOf } from "../kernel/message";
import type { Clock, Ecdsa, Reporter } from "../kernel/ports";
import type { Hex, Millisecond } from "../kernel/units";
import { Bytes } from "../net/bytes";
import { UpdateError } from "./error";
import { doubts, type Here, impossible } from "./fits";
import { type Manifest, readManifest, type SignedManifest } from "./manifest";
import { SECTOR, type Slots } from "./slots";

export interface UpdaterOptions {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly slots: Slots;
  readonly ecdsa: Ecdsa;
  /** The owner's, 33 bytes; undefined where he set none. */
  readonly publicKey: () => Hex | undefined;
  readonly here: () => Here;
  /** Settles what is open; the relay is open when it resolves. Channels stay. */
  readonly settle: () => Promise<void>;
  readonly restart: () => void;
}

/** So long nothing may come; then the device starts anew, as what it was. */
const PATIENCE: Millisecond = 60_000;

export class Updater {
  readonly #options: UpdaterOptions;
  #manifest: Manifest | undefined;
  /** What came and is no whole sector yet. */
  readonly #held = new Bytes();
  #written = 0;
  /** True from before the first thing is settled. */
  isBusy = false;
  #cancel: () => void = () => {};

  constructor(options: UpdaterOptions) {
    this.#options = options;
  }

  /** True between `begin` and its end. */
  get isUnderWay(): boolean {
    return this.#manifest !== undefined;
  }

  /** Version and share of what is under way; undefined where nothing is. */
  get progress(): { readonly version: string; readonly bytes: number; readonly size: number } | undefined {
    const manifest = this.#manifest;
    return manifest && { version: manifest.version, bytes: this.taken, size: manifest.size };
  }

  /** Bytes that came. */
  get taken(): number {
    return this.#written + this.#held.length;
  }

  /**
   * Checks who signed it and whether it fits, and changes nothing. `isMeant`: the owner says it
   * twice. Throws an UpdateError.
   */
  check(signed: SignedManifest, isMeant: boolean): Manifest {
    const { slots, publicKey, ecdsa, here } = this.#options;
    if (this.isBusy) throw new UpdateError("refused", "an update is under way");
    const key = publicKey();
    if (key === undefined) throw new UpdateError("refused", NO_KEY);
    const manifest = readManifest(signed, key, ecdsa);
    const why = impossible(manifest, here(), slots.room);
    if (why !== undefined) throw new UpdateError("refused", why);
    const open = isMeant ? [] : doubts(manifest, here());
    if (open.length > 0) throw new UpdateError("refused", `${open.join("; ")}. ${SAY_TWICE}`);
    return manifest;
  }

  /** Settles, and makes the free slot ready. From now on an update runs alone. */
  async begin(signed: SignedManifest, isMeant: boolean): Promise<Manifest> {
    const { settle, report } = this.#options;
    const manifest = this.check(signed, isMeant);
    this.isBusy = true;
    report({ name: "update", version: manifest.version, size: manifest.size });
    try {
      await settle();
      this.open(manifest);
    } catch (error) {
      this.end(messageOf(error));
    }
    return manifest;
  }

  /** Makes the free slot ready for an image that was checked, of a device that is settled. */
  open(manifest: Manifest): void {
    this.#options.slots.begin();
    this.#manifest = manifest;
    this.wait();
  }

  /**
   * Takes bytes that belong at `offset`, and gives where the next ones do. What came already may
   * come again, as where an answer was lost; a gap may not be.
   */
  write(offset: number, bytes: Uint8Array): number {
    const { size } = this.mustRun();
    const { taken } = this;
    if (offset > taken)
      throw new UpdateError("wrong", `expected the bytes from ${taken} on, came those from ${offset}`);
    const fresh = bytes.subarray(Math.min(taken - offset, bytes.length));
    if (taken + fresh.length > size) throw new UpdateError("wrong", `expected ${size} bytes in all, came more`);
    this.#held.add(fresh);
    this.wait();
    this.flush(SECTOR);
    return this.taken;
  }

  /**
   * All is there: hashes what lies in flash, and has the next start take it. Throws where it must
   * not.
   */
  finish(): Manifest {
    const manifest = this.mustRun();
    const { slots, report, restart } = this.#options;
    const { size, sha256, version } = manifest;
    if (this.taken !== size) throw new UpdateError("wrong", `expected ${size} bytes in all, came ${this.taken}`);
    this.flush(1);
    const found = bytesToHex(slots.digest(size));
    if (found !== sha256) return this.end(`what lies in flash is not what was signed (SHA-256 ${found})`);
    try {
      slots.use();
    } catch (error) {
      return this.end(messageOf(error));
    }
    this.#cancel();
    this.#manifest = undefined;
    report({ name: "updated", version });
    restart();
    return manifest;
  }

  /** Gives up, and starts anew as what it was. */
  fail(why: string): void {
    const { slots, report, restart } = this.#options;
    this.#cancel();
    this.#manifest = undefined;
    this.#held.take();
    slots.abandon();
    report({ name: "update-failed", why });
    restart();
  }

  private end(why: string): never {
    this.fail(why);
    throw new UpdateError("refused", `${why}; the device starts anew, as it was`);
  }

  private mustRun(): Manifest {
    if (!this.#manifest) throw new UpdateError("refused", "no update is under way: update.begin comes first");
    return this.#manifest;
  }

  /** Writes whole sectors, or from `least` bytes on whatever there is. */
  private flush(least: number): void {
    while (this.#held.length >= least) {
      const all = this.#held.take();
      const piece = all.slice(0, SECTOR);
      this.#held.add(all.subarray(piece.length));
      try {
        this.#options.slots.write(piece);
      } catch (error) {
        this.end(messageOf(error));
      }
      this.#written += piece.length;
    }
  }

  private wait(): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(PATIENCE, () => this.fail("nothing more came for a minute"));
  }
}

const NO_KEY =
  "this device has no updateKey: npm run owner -- update-key FILE makes one, and set updateKey takes it over the serial port";
const SAY_TWICE = 'To go on, say it twice, over the serial port: confirm "anyway"';
