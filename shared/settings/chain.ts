// A socket's way to the chain: `chain` of a configuration file.

import { constant } from "../kernel/constant";
import type { Table } from "./entry";

const FLOOR = constant({
  name: "floor",
  meaning: "Least fee rate that the network relays, which this server does not tell.",
  kind: "whole",
  unit: "msat/vB",
  least: 0,
  most: 1_000_000,
} as const);
const INCREMENTAL = constant({
  name: "incremental",
  meaning: "What a replacement pays more, which this server does not tell.",
  kind: "whole",
  unit: "msat/vB",
  least: 0,
  most: 1_000_000,
} as const);
const PORT = constant({
  name: "port",
  meaning: "Where it listens.",
  kind: "whole",
  unit: "port",
  least: 1,
  most: 65_535,
} as const);

const ESPLORA = constant({
  entries: [
    {
      name: "kind",
      meaning: "An Esplora server, such as mempool.space or blockstream.info.",
      kind: "one-of",
      words: ["esplora"],
    },
    { name: "url", meaning: "Its base URL, such as https://mempool.space/api.", kind: "url" },
    { ...FLOOR, usual: 100 },
    { ...INCREMENTAL, usual: 100 },
  ],
  rules: [],
} as const satisfies Table);

const CORE = constant({
  entries: [
    { name: "kind", meaning: "A node of Bitcoin Core.", kind: "one-of", words: ["core"] },
    { name: "url", meaning: "Its RPC, such as http://192.168.1.5:8332.", kind: "url" },
    { name: "user", meaning: "The user that asks.", kind: "text", least: 1, most: 256 },
    { name: "password", meaning: "The password of that user.", kind: "text", least: 1, most: 256 },
    { ...INCREMENTAL, usual: 1000 },
  ],
  rules: [],
} as const satisfies Table);

const ELECTRUM = constant({
  entries: [
    { name: "kind", meaning: "An Electrum server.", kind: "one-of", words: ["electrum"] },
    { name: "host", meaning: "Its name or address.", kind: "host" },
    PORT,
    { name: "secure", meaning: "Whether it speaks TLS at that port.", kind: "yes-no", usual: false },
    { ...FLOOR, usual: 1000 },
    { ...INCREMENTAL, follows: "its floor" },
  ],
  rules: [],
} as const satisfies Table);

const BLOCKCYPHER = constant({
  entries: [
    { name: "kind", meaning: "BlockCypher.", kind: "one-of", words: ["blockcypher"] },
    { name: "url", meaning: "Such as https://api.blockcypher.com/v1/btc/main.", kind: "url" },
    { name: "token", meaning: "Of an account there.", kind: "text", least: 1, most: 256, follows: "none" },
    { ...FLOOR, usual: 100 },
    { ...INCREMENTAL, usual: 100 },
  ],
  rules: [],
} as const satisfies Table);

export const BACKEND_TABLES = constant([ESPLORA, CORE, ELECTRUM, BLOCKCYPHER] as const);

export const CHAIN_TABLE = constant({
  entries: [
    {
      name: "backends",
      meaning: "Whom to ask, in the order of trust.",
      kind: "list",
      least: 1,
      most: 8,
      each: BACKEND_TABLES,
    },
    {
      name: "quorum",
      meaning: "With 2, an outpoint counts as unspent only when two backends say so.",
      kind: "whole",
      unit: "backends",
      least: 1,
      most: 2,
      usual: 1,
    },
    {
      name: "targetBlocks",
      meaning: "Within which a settlement shall confirm.",
      kind: "whole",
      unit: "blocks",
      least: 1,
      most: 1_008,
      usual: 3,
    },
  ],
  rules: [],
} as const satisfies Table);
