// npm run owner -- --port PORT | --host HOST COMMAND: the owner's side of a device, for people and scripts (docs/owner.md).

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { UsageError } from "./firmware/targets";
import { askedBy, COMMANDS } from "./owner/commands";
import { shown } from "./owner/show";
import { type Answer, httpWay, serialWay, type Way } from "./owner/way";

const HELP = `npm run owner -- --port PORT | --host HOST COMMAND: see and set up a socket or a cable

  --port PORT       its serial port, such as /dev/ttyUSB0: everything
  --host HOST       its name or address, HOST:PORT where the port is not 8081: what may come over the link
  --password TEXT   with --host; else the environment's PLUGPAY_PASSWORD, else it is asked for
  --json            the answer as JSON
  --help            this

Commands:
${COMMANDS.map(([words, meaning]) => `  ${words.padEnd(33)} ${meaning}`).join("\n")}

Opening a serial port restarts some boards, in the middle of a session: then that is said.`;

function options() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        password: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = options();
  const { port, host, json = false } = values;
  if (values.help) {
    console.log(HELP);
    return;
  }
  if ((port === undefined) === (host === undefined))
    throw new UsageError(`expected either --port or --host\n\n${HELP}`);
  const asked = askedBy(positionals, () => readFileSync(0, "utf8").trim());
  const way: Way =
    port !== undefined
      ? serialWay(port, (text) => console.error(text))
      : httpWay(host as string, values.password ?? process.env.PLUGPAY_PASSWORD ?? (await hidden("Password: ")));
  try {
    const answer = await way.ask({ jsonrpc: "2.0", id: process.pid, ...asked });
    if (answer.error) throw new UsageError(wrong(answer.error));
    console.log(json ? JSON.stringify(answer.result) : shown(asked, answer.result, positionals.slice(1)));
  } finally {
    way.close();
  }
}

function wrong({ message, data }: NonNullable<Answer["error"]>): string {
  const problems = data?.problems?.map(({ name, why }) => `${name}: ${why}`);
  return problems && problems.length > 0 ? problems.join("\n") : (data?.why ?? message);
}

/** Asks on a terminal without showing what is typed. */
function hidden(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError("--password: expected the owner's password, came nothing");
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve) => {
    reader.question("", (text) => {
      reader.close();
      process.stderr.write("\n");
      resolve(text);
    });
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
