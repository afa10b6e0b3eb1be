// npm run refund -- --funding TXID | --funding HEX | --journal FILE: a cable's owner takes a channel's deposit back, without the
// cable (docs/channel.md, docs/keys.md).

import { existsSync, readFileSync } from "node:fs";
import { NETWORKS, type Network } from "../shared/bitcoin/address";
import { ecdsa } from "../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../shared/bitcoin/wallet";
import type { Deposit } from "../shared/channel/closing";
import type { MilliSatPerVbyte } from "../shared/kernel/units";
import { depositOfEntry, depositOfFunding } from "./channel/deposits";
import { Explorer } from "./channel/explorer";
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

/** Of mempool.space, by network; testnet3 and a regtest have none here. */
const SERVERS: Partial<Record<Network, string>> = {
  mainnet: "https://mempool.space/api",
  testnet4: "https://mempool.space/testnet4/api",
  testnet: "https://mempool.space/testnet/api",
  signet: "https://mempool.space/signet/api",
};
/** Without a server's word. */
const OWN_RATE: MilliSatPerVbyte = 1_000;

async function main(given: Given<Name>): Promise<number> {
  const network = networkOf(given.text("network"));
  if (given.has("offline") && given.has("send")) throw new UsageError("--offline asks nobody, so it cannot --send");
  const explorer = given.has("offline") ? undefined : explorerOf(given.text("esplora"), network);
  const rate = rateOf(given.text("rate"));
  const cable = walletOf(given.text("key"), network);
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

const HOW_TO_SEND = "Nothing was sent: --send does that, or any node (bitcoin-cli sendrawtransaction).";

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

function networkOf(name = "mainnet"): Network {
  const found = NETWORKS.find((each) => each === name);
  if (!found) throw new UsageError(`--network: expected ${NETWORKS.join(", ")}, got "${name}"`);
  return found;
}

function explorerOf(url: string | undefined, network: Network): Explorer {
  const base = url ?? SERVERS[network];
  if (base === undefined) throw new UsageError(`--esplora: expected a server's URL on ${network}, or --offline`);
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol))
    throw new UsageError(`--esplora: expected a URL such as ${SERVERS.mainnet}, got "${base}"`);
  return new Explorer(base);
}

function rateOf(text: string | undefined): MilliSatPerVbyte | undefined {
  if (text === undefined) return undefined;
  const rate = Math.round(Number(text) * 1000);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || rate === 0)
    throw new UsageError(`--rate: expected satoshi a vbyte, such as 0.5 or 12, got "${text}"`);
  return rate;
}

/** Nothing of the key goes into a message. */
function walletOf(file: string | undefined, network: Network): Wallet {
  if (file === undefined && process.stdin.isTTY)
    throw new UsageError("expected the cable's key on standard input, or --key FILE");
  const text = file === undefined ? readFileSync(0, "utf8") : fileOf("key", file).toString("utf8");
  return openWallet(parseKey(text.trim(), network), ecdsa);
}

function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new UsageError(`--${option}: cannot read ${path}`);
  }
}

await run(COMMAND, main);
