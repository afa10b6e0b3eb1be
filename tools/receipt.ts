// npm run receipt -- verify FILE | fetch --port PORT | fetch --host HOST: a socket's signed
// receipts (docs/owner.md).

import { readFileSync } from "node:fs";
import { type Command, type Given, run, UsageError } from "./command";
import { httpWay, serialWay, type Way } from "./owner/way";
import {
  type CableSession,
  comparison,
  type GivenReceipts,
  receiptsIn,
  verdictOf,
  whatItProves,
} from "./receipt/report";

type Name = "key" | "cable" | "port" | "host" | "password";

const COMMAND: Command<Name> = {
  name: "npm run receipt",
  about: "checks a socket's signed receipts (records of OCMF), or fetches them",
  words: { called: "verify FILE | fetch", about: "FILE may be - for standard input" },
  options: {
    key: { takes: "HEX", about: "verify: the socket's public key, as the socket itself shows it" },
    cable: {
      takes: "FILE",
      about: "verify: what npm run owner -- --json sessions tells of the cable, to compare with",
    },
    port: { takes: "PORT", about: "fetch: the socket's serial port" },
    host: { takes: "HOST", about: "fetch: its name or address, HOST:PORT where the port is not 8081" },
    password: { takes: "TEXT", about: "with --host; else the environment's PLUGPAY_PASSWORD" },
  },
  more: `  npm run -s receipt -- fetch --host plugpay.local > receipts.json
  npm run receipt -- verify receipts.json

It says what is right and what that proves; exit 1 where something is wrong.`,
};

async function main(given: Given<Name>): Promise<number> {
  const [command, file, ...rest] = given.words;
  if (command === "fetch" && file === undefined) return fetchAll(given);
  if (command !== "verify" || file === undefined || rest.length > 0)
    throw new UsageError('expected "verify FILE" or "fetch"; --help says what they take');
  return verify(receiptsIn(textOf(file)), given);
}

function verify(found: GivenReceipts, given: Given<Name>): number {
  const own = given.text("key")?.toLowerCase();
  const key = own ?? found.publicKey;
  if (key === undefined)
    throw new UsageError("--key: records alone do not say who signed; give the socket's public key");
  if (!/^0[23][0-9a-f]{64}$/.test(key)) throw new UsageError("--key: expected 66 hexadecimal digits, 02 or 03 first");
  const { isRight, lines } = verdictOf(found, key);
  console.log(lines.join("\n"));
  const cable = given.text("cable");
  const compared = cable === undefined ? undefined : comparison(found, key, sessionsIn(textOf(cable)));
  if (compared) console.log(`\n${compared.lines.join("\n")}`);
  console.log(`\n${whatItProves(key, own !== undefined)}`);
  return isRight && compared?.isRight !== false ? 0 : 1;
}

function sessionsIn(text: string): readonly CableSession[] {
  try {
    const { sessions } = JSON.parse(text) as { sessions?: unknown };
    if (Array.isArray(sessions)) return sessions as readonly CableSession[];
  } catch {
    // Told below.
  }
  throw new UsageError("--cable: expected what npm run -s owner -- --json sessions tells");
}

function textOf(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
}

interface Page {
  readonly publicKey: string | null;
  readonly receipts: readonly object[];
  readonly next: number;
}

async function fetchAll(given: Given<Name>): Promise<number> {
  const way = wayOf(given);
  try {
    const all: object[] = [];
    for (let page = await ask(way, 0); ; page = await ask(way, page.next)) {
      all.push(...page.receipts);
      if (page.receipts.length > 0) continue;
      console.log(JSON.stringify({ publicKey: page.publicKey, receipts: all }, null, 1));
      return 0;
    }
  } finally {
    way.close();
  }
}

async function ask(way: Way, after: number): Promise<Page> {
  const { result, error } = await way.ask({ jsonrpc: "2.0", id: after + 1, method: "receipts", params: { after } });
  if (error) throw new UsageError(error.data?.why ?? error.message);
  return result as Page;
}

function wayOf(given: Given<Name>): Way {
  const [port, host] = [given.text("port"), given.text("host")];
  if (port !== undefined && host === undefined) return serialWay(port, (text) => console.error(text));
  if (host === undefined || port !== undefined) throw new UsageError("fetch: expected either --port or --host");
  const password = given.text("password") ?? process.env.PLUGPAY_PASSWORD;
  if (password === undefined) throw new UsageError("--password: expected the owner's password, came nothing");
  return httpWay(host, password);
}

if (import.meta.filename === process.argv[1]) await run(COMMAND, main);
