// npm run closing -- --export FILE | --journal FILE: a socket's owner closes channels without the
// socket, after fire or theft, from what he kept of them and the seed (docs/channel.md,
// docs/keys.md).

import { NETWORKS, type Network, payeeScriptOf } from "../shared/bitcoin/address";
import { hexToBytes } from "../shared/bitcoin/bytes";
import { SEED_BYTES } from "../shared/channel/payee-key";
import { isHex } from "../shared/kernel/text";
import type { Hex, MilliSatPerVbyte } from "../shared/kernel/units";
import { type Closing, closingHindrance, closingOf, closingText, feeAddress, payeeOf } from "./channel/closings";
import type { Explorer } from "./channel/explorer";
import { type Kept, keptIn, keptInEntry } from "./channel/exports";
import { explorerOf, fileOf, HOW_TO_SEND, networkOf, OWN_RATE, rateOf, secretOf } from "./channel/given";
import { type Command, type Given, run, UsageError } from "./command";

type Name =
  | "export"
  | "journal"
  | "channel"
  | "seed"
  | "to"
  | "network"
  | "esplora"
  | "offline"
  | "rate"
  | "send"
  | "json";

const COMMAND: Command<Name> = {
  name: "npm run closing",
  about: "closes a socket's payment channels without the socket, by its seed and what was kept of them",
  options: {
    export: { takes: "FILE", about: 'what "npm run owner -- --json channels" printed' },
    journal: { takes: "FILE", about: "instead: an entry channel.* of the socket's store" },
    channel: { takes: "TXID", about: "only this one of the export; default all on which anything was paid" },
    seed: { takes: "FILE", about: "the socket's seed, 64 hexadecimal digits; without it, on standard input" },
    to: { takes: "ADDRESS", about: "where the socket's share goes" },
    network: { takes: "NAME", about: `${NETWORKS.join(", ")}; default mainnet` },
    esplora: { takes: "URL", about: "the server that is asked about the chain; default mempool.space's" },
    offline: { about: "asks nobody" },
    rate: { takes: "RATE", about: "fee in sat/vB, such as 0.5; default the server's for an hour, offline 1" },
    send: { about: "sends the closings by that server" },
    json: { about: "one JSON object" },
  },
  more: `For a socket that burnt or was stolen. One that still runs closes its channels itself, at their latest state: tell it the
setting closeChannels. What was kept may be older than the latest state; the cable then gets back what was paid since.
Where the share does not pay the rate, coins of the channel's payee key are spent along; the address is told. A closing
that waits for a block is replaced by one at a higher --rate. The deadline is the funding's block + N, when the cable may
take the whole deposit back.

  npm run closing -- --export channels.json --seed socket.seed --to bc1q...
  npm run closing -- --export channels.json --seed socket.seed --to bc1q... --send`,
};

async function main(given: Given<Name>): Promise<number> {
  const network = networkOf(given.text("network"));
  if (given.has("offline") && given.has("send")) throw new UsageError("--offline asks nobody, so it cannot --send");
  const explorer = given.has("offline") ? undefined : explorerOf(given.text("esplora"), network);
  const payeeScript = scriptOf(given.text("to"), network);
  const found = chosen(keptOf(given), given.text("channel"));
  const asked = rateOf(given.text("rate"));
  const seed = seedOf(secretOf("seed", given.text("seed"), "the socket's seed"));
  const rate = asked ?? (await explorer?.rate()) ?? OWN_RATE;
  const order = { seed, payeeScript, network, rate };
  const made: Closing[] = [];
  for (const kept of found) {
    // What hinders one channel keeps no other from being closed.
    try {
      const closing = await closed(kept, order, explorer);
      if (given.has("send")) await explorer?.send(closing.transaction);
      made.push(closing);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      console.error(error.message);
    }
  }
  const isSent = given.has("send");
  if (given.has("json")) console.log(JSON.stringify({ closings: made, sent: isSent }));
  else if (made.length > 0) {
    for (const closing of made) console.log(`${closingText(closing, rate)}\n`);
    console.log(isSent ? "Sent." : HOW_TO_SEND);
  }
  return made.length < found.length ? 1 : 0;
}

interface Order {
  readonly seed: Uint8Array;
  readonly payeeScript: Hex;
  readonly network: Network;
  readonly rate: MilliSatPerVbyte;
}

/** Throws a UsageError where the chain, the seed or the sum takes no closing. */
async function closed(kept: Kept, { seed, ...order }: Order, explorer: Explorer | undefined): Promise<Closing> {
  const why = closingHindrance(kept, await explorer?.funding(kept.channel.deposit.coin.txid));
  if (why !== undefined) throw new UsageError(why);
  const coins = (await explorer?.coins(feeAddress(kept, order.network))) ?? [];
  return closingOf(kept, { ...order, payee: payeeOf(kept, seed), coins });
}

function keptOf(given: Given<Name>): readonly Kept[] {
  const [file, journal] = [given.text("export"), given.text("journal")];
  if ((file === undefined) === (journal === undefined))
    throw new UsageError("expected --export or --journal, and not both; --help says what they take");
  if (journal !== undefined) return [keptInEntry(fileOf("journal", journal))];
  return keptIn(fileOf("export", file ?? "").toString("utf8"));
}

function chosen(found: readonly Kept[], txid: string | undefined): readonly Kept[] {
  const some = txid === undefined ? found : found.filter(({ channel }) => channel.deposit.coin.txid === txid);
  if (some.length === 0)
    throw new UsageError(
      txid === undefined
        ? "nothing was paid on any channel of the export: there is nothing to close"
        : `--channel: the export has none of that id on which anything was paid`,
    );
  return some;
}

function scriptOf(address: string | undefined, network: Network): Hex {
  if (address === undefined) throw new UsageError("expected --to ADDRESS: where the socket's share goes");
  try {
    return payeeScriptOf(address, network);
  } catch (error) {
    throw new UsageError(`--to: ${(error as Error).message}`);
  }
}

/** Nothing of the seed goes into a message. */
function seedOf(text: string): Uint8Array {
  const digits = text.replace(/\s/g, "").toLowerCase();
  if (!isHex(digits, SEED_BYTES)) throw new UsageError(`expected a seed of ${2 * SEED_BYTES} hexadecimal digits`);
  return hexToBytes(digits);
}

await run(COMMAND, main);
