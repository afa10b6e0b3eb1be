// npm run refund -- --funding TXID | --funding HEX | --journal FILE: a cable's owner takes a
// channel's deposit back, without the cable (docs/channel.md, docs/keys.md).

import { existsSync } from "node:fs";
import { NETWORKS, type Network } from "../shared/bitcoin/address";
import { ecdsa } from "../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../shared/bitcoin/wallet";
import type { Deposit } from "../shared/channel/closing";
import { depositOfEntry, depositOfFunding } from "./channel/deposits";
import type { Explorer } from "./channel/explorer";
import { explorerOf, fileOf, HOW_TO_SEND, networkOf, OWN_RATE, rateOf, secretOf } from "./channel/given";
import { type ChainFacts, hindrance, refundOf, refundText } from "./channel/refunds";
import { type Command, type Given, run, UsageError } from "./command";
import { parseKey } from "./firmware/key";

type Name = "funding" | "journal" | "key" | "network" | "esplora" | "offline" | "rate" | "early" | "send" | "json";

const COMMAND: Command<Name> = {
  name: "npm run refund",
  about: "takes the deposit of a payment channel back by the cable's key alone, N blocks after the funding",
  options: {
    funding: { takes: "TX", about: "the funding: its id, its bytes in hexadecimal, or a file with either" },
    journal: { takes: "FILE", about: "instead: an entry channel.* of the cable's store" },
    key: { takes: "FILE", about: "the cable's key, hexadecimal or WIF; without it, on standard input" },
    network: { takes: "NAME", about: `${NETWORKS.join(", ")}; default mainnet` },
    esplora: { takes: "URL", about: "the server that is asked about the chain; default mempool.space's" },
    offline: { about: "asks nobody: the funding's bytes or the journal suffice" },
    rate: { takes: "RATE", about: "fee in sat/vB, such as 0.5; default the server's for an hour, offline 1" },
    early: { about: "prints the refund although no node takes it yet" },
    send: { about: "sends it by that server" },
    json: { about: "one JSON object" },
  },
  more: `The refund pays the cable's own address, from where any wallet takes the coins (docs/keys.md). Where the cable still runs,
tell it first that the channel has ended: the setting leaveChannels. A channel that its socket closes gives the change back at
once, without N blocks; a refund is for a socket that is never seen again.

  npm run refund -- --funding TXID --key cable.key
  npm run refund -- --funding TXID --key cable.key --send`,
};

async function main(given: Given<Name>): Promise<number> {
  const network = networkOf(given.text("network"));
  if (given.has("offline") && given.has("send")) throw new UsageError("--offline asks nobody, so it cannot --send");
  const explorer = given.has("offline") ? undefined : explorerOf(given.text("esplora"), network);
  const rate = rateOf(given.text("rate"));
  const cable = openWallet(parseKey(secretOf("key", given.text("key"), "the cable's key"), network), ecdsa);
  const deposit = await depositOf(given, cable, network, explorer);
  const facts = explorer && (await factsOf(explorer, deposit));
  const why = hindrance(deposit, facts);
  if (why !== undefined && (facts?.spentBy !== undefined || given.has("send") || !given.has("early"))) {
    throw new Error(facts?.spentBy !== undefined ? why : `${why} (--early prints it all the same.)`);
  }
  const refund = refundOf(deposit, cable, rate ?? (await explorer?.rate()) ?? OWN_RATE, network, facts);
  const sent = given.has("send") ? await explorer?.send(refund.transaction) : undefined;
  if (given.has("json")) console.log(JSON.stringify({ ...refund, sent: sent !== undefined }));
  else console.log(`${refundText(refund)}\n\n${sent === undefined ? HOW_TO_SEND : "Sent."}`);
  return 0;
}

async function factsOf(explorer: Explorer, { coin }: Deposit): Promise<ChainFacts> {
  // The tip first: a funding that is found afterwards is in none but this chain or a longer one.
  const tip = await explorer.tip();
  return { tip, ...(await explorer.funding(coin.txid)) };
}

async function depositOf(
  given: Given<Name>,
  cable: Wallet,
  network: Network,
  explorer: Explorer | undefined,
): Promise<Deposit> {
  const [funding, journal] = [given.text("funding"), given.text("journal")];
  if ((funding === undefined) === (journal === undefined))
    throw new UsageError("expected --funding or --journal, and not both; --help says what they take");
  if (journal !== undefined) return depositOfEntry(fileOf("journal", journal), cable, network);
  const text = existsSync(funding ?? "") ? fileOf("funding", funding ?? "").toString("utf8") : (funding ?? "");
  const hex = text.trim().toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(hex))
    throw new UsageError("--funding: expected a transaction's id or bytes in hexadecimal, or a file with either");
  if (hex.length > 64) return depositOfFunding(hex, cable, network);
  if (hex.length < 64) throw new UsageError(`--funding: expected an id of 64 digits, got ${hex.length}`);
  if (!explorer)
    throw new UsageError("--offline: expected the funding's bytes, got its id, for which a server has to be asked");
  return depositOfFunding(await explorer.transaction(hex), cable, network);
}

await run(COMMAND, main);
