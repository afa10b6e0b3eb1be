// The cable's address, kept beside its key: to derive it costs as much as a third of a signature,
// and the first questions to a socket need no more than the text. What is kept is only believed in
// questions; before anything is signed the address is derived from the key and compared, since
// change that went to another's script would be lost.

import { addressOf, type Network, PREFIXES } from "../bitcoin/address";
import type { Wallet } from "../bitcoin/wallet";
import { attempt } from "../kernel/attempt";
import type { Reporter, Store } from "../kernel/ports";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8";

/** Of the store's entry, beside that of the key (key.ts). */
export const ADDRESS_ENTRY = "address";

/** Characters of a P2WPKH address after its prefix: "1q", 32 of the program, 6 of the checksum. */
const AFTER_PREFIX = 40;

/** Characters of a wrong entry that are told. */
const MAX_TOLD = 90;

export interface OwnAddressOptions {
  readonly store: Store;
  readonly wallet: Wallet;
  readonly network: Network;
  readonly report: Reporter;
}

export class OwnAddress {
  readonly #options: OwnAddressOptions;
  #sure: string | undefined;

  constructor(options: OwnAddressOptions) {
    this.#options = options;
  }

  /** What the store has, which may be wrong; undefined where it has none for this network. */
  kept(): string | undefined {
    if (this.#sure !== undefined) return this.#sure;
    const { store, network } = this.#options;
    const bytes = store.read(ADDRESS_ENTRY);
    if (bytes === undefined) return undefined;
    const text = readable(bytes);
    const prefix = PREFIXES[network];
    return text.startsWith(`${prefix}1q`) && text.length === prefix.length + AFTER_PREFIX ? text : undefined;
  }

  /** The key's own, derived once. Another one in the store is told of and replaced. */
  sure(): string {
    if (this.#sure !== undefined) return this.#sure;
    const { store, wallet, network, report } = this.#options;
    const address = addressOf(wallet.script, network);
    const bytes = store.read(ADDRESS_ENTRY);
    const kept = bytes && readable(bytes).slice(0, MAX_TOLD);
    this.#sure = address;
    if (kept === address) return address;
    if (kept !== undefined)
      report({ name: "address-corrected", why: "The stored address was not the key's.", kept, address });
    // Flash that takes nothing only makes the next start slower.
    attempt(report, () => store.write(ADDRESS_ENTRY, encodeUtf8(address)));
    return address;
  }
}

function readable(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    return "";
  }
}
