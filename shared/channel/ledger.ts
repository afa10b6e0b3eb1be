// A device's channels, each in an entry of its own. Every step is durable before it is told to
// anybody.

import type { Journal } from "../journal/journal";
import type { Reporter, Store } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import type { ChannelFrame } from "./closing";
import { channelFrame } from "./closing";
import { type ChannelEntry, depositOf, entryJournal, forget } from "./record";

interface Place {
  /** Number of its keys in the store. */
  readonly slot: number;
  readonly journal: Journal<ChannelEntry>;
  entry: ChannelEntry;
}

export class ChannelLedger {
  readonly #store: Store;
  readonly #report: Reporter;
  readonly #most: number;
  /** Those that hold a channel, lower slots first: a place that is free costs no heap. */
  #places: readonly Place[] = [];
  /**
   * Of the channel that was asked about last: hashing the script is not free, and each frame costs
   * heap.
   */
  #frame: { readonly txid: Hex; readonly frame: ChannelFrame } | undefined;

  /** Reads what is there. `most` is the number of entries that the device keeps. */
  constructor(store: Store, most: number, report: Reporter) {
    this.#store = store;
    this.#report = report;
    this.#most = most;
    const places: Place[] = [];
    for (let slot = 0; slot < most; slot++) {
      const journal = entryJournal(store, slot, report);
      const entry = journal.load();
      if (entry) places.push({ slot, journal, entry });
    }
    this.#places = places;
  }

  /** All entries, those of lower slots first. */
  get entries(): readonly ChannelEntry[] {
    return this.#places.map(({ entry }) => entry);
  }

  get isFull(): boolean {
    return this.#places.length === this.#most;
  }

  /** The entry of the channel whose funding has this id. */
  find(txid: Hex): ChannelEntry | undefined {
    return this.place(txid)?.entry;
  }

  /** What the channel's digests start from; undefined for a channel that is not here. */
  frame(txid: Hex): ChannelFrame | undefined {
    const entry = this.find(txid);
    if (!entry) return undefined;
    if (this.#frame?.txid !== txid) this.#frame = { txid, frame: channelFrame(depositOf(entry)) };
    return this.#frame.frame;
  }

  /**
   * Writes the entry over the one with its id, over that of `instead`, or into a free place. Throws
   * where there is none, or the store refuses.
   */
  save(entry: ChannelEntry, instead?: Hex): void {
    const place = this.place(entry.txid) ?? (instead === undefined ? undefined : this.place(instead));
    if (!place) {
      this.add(entry);
      return;
    }
    place.journal.save(entry);
    if (place.entry.txid !== entry.txid) this.#frame = undefined;
    place.entry = entry;
  }

  /** Drops the entry of a channel that is over. */
  drop(txid: Hex): void {
    const place = this.place(txid);
    if (!place) return;
    forget(this.#store, place.slot);
    this.#places = this.#places.filter((each) => each !== place);
    if (this.#frame?.txid === txid) this.#frame = undefined;
  }

  private add(entry: ChannelEntry): void {
    let slot = 0;
    while (this.#places[slot]?.slot === slot) slot++;
    if (slot === this.#most) throw new Error(`expected a free place among ${this.#most} channels, found none`);
    const journal = entryJournal(this.#store, slot, this.#report);
    journal.load(); // which of its two keys is next
    journal.save(entry);
    this.#places = [...this.#places.slice(0, slot), { slot, journal, entry }, ...this.#places.slice(slot)];
  }

  private place(txid: Hex): Place | undefined {
    return this.#places.find(({ entry }) => entry.txid === txid);
  }
}
