// The owner's methods: the one table of them, which the dispatcher and docs/owner.md both follow.

import { constant } from "../kernel/constant";
import type { Device } from "../settings/owner";

export interface Parameter {
  readonly name: string;
  readonly meaning: string;
}

export interface MethodEntry {
  readonly name: string;
  readonly meaning: string;
  readonly params: readonly Parameter[];
  /** The one device that has it; without, both have. */
  readonly only?: Device;
}

export const METHODS = constant([
  {
    name: "status",
    meaning:
      "All that the device knows of itself: state and reason in words, W, V, A, power factor and Hz, energy, credit, price, session, exposure, what is earned or spent, debts or claims, what is stuck and the one action that frees it, chain, link, heap, uptime, version.",
    params: [],
  },
  {
    name: "settings.get",
    meaning:
      "The settings that hold; which the owner set (`own`), which wait for a restart, which secrets are set, which this version refused and why.",
    params: [],
  },
  {
    name: "settings.set",
    meaning:
      "Sets all that is given, or nothing; a null takes the image's or the default again. Tells what changed, what counts from the next session on, and what after a restart.",
    params: [{ name: "settings", meaning: "values by name, as docs/settings.md has them" }],
  },
  {
    name: "events",
    meaning: "The last fifty lines of the device's story, the oldest first. `next` is the `after` to go on with.",
    params: [
      { name: "after", meaning: "number of the last one that is known; without, the latest" },
      { name: "limit", meaning: "how many at most, 1 to 50" },
    ],
  },
  {
    name: "sessions",
    meaning: "The last twenty sessions, the latest first: paid, delivered, why ended, broadcast, confirmed, lost.",
    params: [{ name: "limit", meaning: "how many at most, 1 to 20" }],
  },
  {
    name: "channels",
    meaning:
      "Its payment channels with all that it takes to close one, or to take its deposit back, without the device: of a socket the cable's latest half, of a cable that has ended one its refund. No secret is in it.",
    params: [],
  },
  {
    name: "receipts",
    meaning:
      "The last twenty sessions' signed receipts, as records of OCMF, the oldest first; of one that is missing, why. `publicKey` says who signed, `next` is the `after` to go on with.",
    params: [
      { name: "after", meaning: "number of the last one that is known; 0: from the oldest; without, the latest" },
      { name: "limit", meaning: "how many at most, 1 to 3" },
    ],
    only: "socket",
  },
  {
    name: "forgive",
    meaning:
      "Writes off what the other side owes and deals with those again that cheated: a socket's debts, a cable's claims and unanswered payments.",
    params: [],
  },
  {
    name: "clear",
    meaning: "Clears a latched trip once somebody has looked; refused where the relay itself is broken.",
    params: [],
  },
  {
    name: "identify",
    meaning: "The device's light blinks.",
    params: [{ name: "seconds", meaning: "1 to 60; default 10" }],
  },
  { name: "restart", meaning: "Settles what is open, and starts anew.", params: [] },
  {
    name: "reset",
    meaning:
      "Takes the image's settings again and forgets the owner's, the password, Wi-Fi, the lists, and on a socket the record of money and energy. Says first what is lost. Refused while anything is unsettled. A key stays.",
    params: [{ name: "confirm", meaning: 'the word "erase", once what is lost was read' }],
  },
  {
    name: "update.begin",
    meaning:
      "An image is to come: checks who signed it and whether it is for this device, settles what is open (channels stay), opens the relay, and takes nothing else from then on. Gives its size and how many bytes a piece has at most.",
    params: [
      { name: "manifest", meaning: "the text that npm run owner -- sign wrote" },
      { name: "signature", meaning: "of that text, in hexadecimal" },
      {
        name: "confirm",
        meaning:
          'the word "anyway", once the refusal of another device, another network or an older version was read (serial port)',
      },
    ],
  },
  {
    name: "update.write",
    meaning:
      "A piece of the image, in their order; one that came already may come again. Gives where the next one begins. A minute without one ends the update, and the device starts anew as it was.",
    params: [
      { name: "offset", meaning: "where in the image it belongs, in bytes" },
      { name: "data", meaning: "bytes in base64, at most 2,880" },
    ],
  },
  {
    name: "update.finish",
    meaning:
      "All is there: its hash is compared with what was signed, and the device starts the new image, on trial (`status` says how it fares). The image before it comes back unless the trial holds.",
    params: [],
  },
  {
    name: "update.pull",
    meaning:
      "The same with the image at `updateUrl`, whose manifest lies beside it (`.manifest`): answers once it has begun.",
    params: [{ name: "confirm", meaning: "as of update.begin (serial port)" }],
  },
  {
    name: "address",
    meaning: "The cable's address: coins that are sent there are what it pays with.",
    params: [],
    only: "cable",
  },
  { name: "limits", meaning: "What the cable may spend, and what of it is used.", params: [], only: "cable" },
  {
    name: "key.new",
    meaning:
      "A key that the device draws; on mainnet refused, as nobody has a copy of it. Never read back; counts after a restart.",
    params: [{ name: "replaces", meaning: "the address of the key that is given up, where there is one" }],
    only: "cable",
  },
  {
    name: "key.import",
    meaning: "A key of the owner's. Never read back; counts after a restart.",
    params: [
      { name: "key", meaning: "32 bytes in hexadecimal" },
      { name: "replaces", meaning: "the address of the key that is given up, where there is one" },
    ],
    only: "cable",
  },
  {
    name: "seed.show",
    meaning:
      "The seed of the keys of its channels, drawn now where there is none. Write it down: with it the channels can be closed without the device. Refused once `seed.keep` was called.",
    params: [],
    only: "socket",
  },
  {
    name: "seed.keep",
    meaning:
      "The owner has the seed: from now on, after a restart, the socket sells by channel on mainnet too, and never shows it again.",
    params: [{ name: "digits", meaning: "the last eight of the seed" }],
    only: "socket",
  },
  {
    name: "seed.import",
    meaning:
      "A seed of the owner's, such as a burnt socket's. Never read back; counts after a restart. Refused while there are channels.",
    params: [{ name: "seed", meaning: "32 bytes in hexadecimal" }],
    only: "socket",
  },
] as const satisfies readonly MethodEntry[]);

export type MethodName = (typeof METHODS)[number]["name"];

export function methodsOf(device: Device): readonly MethodEntry[] {
  const all: readonly MethodEntry[] = METHODS;
  return all.filter(({ only }) => only === undefined || only === device);
}
