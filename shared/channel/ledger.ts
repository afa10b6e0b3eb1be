// A device's channels, each in an entry of its own. Every step is durable before it is told to anybody.

import type { Journal } from "../journal/journal";
import type { Reporter, Store } from "../kernel/ports";
import type { Hex } from "../kernel/units";
import type { ChannelFrame } from "./closing";
import { channelFrame } from "./closing";
import { type ChannelEntry, depositOf, entryJournal, forget } from "./record";

interface Place {
  readonly journal: Journal<ChannelEntry>;
  entry?: ChannelEntry | undefined;
  /** Computed when first asked for: hashing the script is not free. */
  frame?: ChannelFrame | undefined;
}

export class ChannelLedger {
  readonly #store: Store;
  readonly #places: readonly Place[];

  /** Reads what is there. `most` is the number of entries that the device keeps. */
  constructor(store: Store, most: number, report: Reporter) {
    this.#store = store;
    const places: Place[] = [];
    for (let slot = 0; slot < most; slot++) {
      const journal = entryJournal(store, slot, report);
      places.push({ journal, entry: journal.load() });
    }
    this.#places = places;
  }

  /** All entries, those of lower slots first. */
  get entries(): readonly ChannelEntry[] {
    const found: ChannelEntry[] = [];
    for (const { entry } of this.#places) if (entry) found.push(entry);
    return found;
  }

  get isFull(): boolean {
    return this.entries.length === this.#places.length;
  }

  /** The entry of the channel whose funding has this id. */
  find(txid: Hex): ChannelEntry | undefined {
    return this.place(txid)?.entry;
  }

  /** What the channel's digests start from; undefined for a channel that is not here. */
  frame(txid: Hex): ChannelFrame | undefined {
    const place = this.place(txid);
    if (!place?.entry) return undefined;
    place.frame ??= channelFrame(depositOf(place.entry));
    return place.frame;
  }

  /**
   * Writes the entry over the one with its id, over that of `instead`, or into a free place. Throws where there is none, or the store
   * refuses.
   */
  save(entry: ChannelEntry, instead?: Hex): void {
    const other = instead === undefined ? undefined : this.place(instead);
    const place = this.place(entry.txid) ?? other ?? this.#places.find((each) => !each.entry);
    if (!place) throw new Error(`expected a free place among ${this.#places.length} channels, found none`);
    place.journal.save(entry);
    if (place.entry?.txid !== entry.txid) place.frame = undefined;
    place.entry = entry;
  }

  /** Drops the entry of a channel that is over. */
  drop(txid: Hex): void {
    const slot = this.#places.findIndex(({ entry }) => entry?.txid === txid);
    const place = this.#places[slot];
    if (!place) return;
    forget(this.#store, slot);
    place.entry = undefined;
    place.frame = undefined;
  }

  private place(txid: Hex): Place | undefined {
    return this.#places.find(({ entry }) => entry?.txid === txid);
  }
}
