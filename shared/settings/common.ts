// What a socket's and a cable's owner both set, each with one meaning, range and default.

import { NETWORKS } from "../bitcoin/address";
import { constant } from "../kernel/constant";
import { MAX_WORD } from "./entry";

export const NETWORK = constant({
  name: "network",
  meaning: "The chain whose coins pay.",
  kind: "one-of",
  words: NETWORKS,
  changes: "restart",
} as const);

export const MAX_CURRENT = constant({
  name: "maxCurrent",
  meaning: "The largest current that flows.",
  kind: "whole",
  unit: "mA",
  least: 0,
  most: 2_147_483_647,
  usual: 16_000,
} as const);

export const WRITE_EVERY = constant({
  name: "writeEvery",
  meaning: "Energy after which the total of the meter is written, so that little is forgotten at a power cut.",
  kind: "whole",
  unit: "mWh",
  least: 0,
  most: 2_147_483_647,
  usual: 2_000,
} as const);

export const LEASE_TIME = constant({
  name: "leaseTime",
  meaning: "A relay is held by leases of this length, renewed four times as often.",
  kind: "whole",
  unit: "ms",
  least: 1000,
  most: 2_147_483_647,
  usual: 4_000,
} as const);

export const FORGIVE = constant({
  name: "forgive",
  meaning:
    "A word, such as a date: when it is another than before, what the other side owes, and whom a socket caught cheating, is forgotten at the next start.",
  kind: "text",
  least: 0,
  most: MAX_WORD,
  usual: "",
  changes: "restart",
} as const);
