// npm run owner -- --port PORT | --host HOST COMMAND: the owner's side of a device, for people and
// scripts (docs/owner.md).

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { UsageError } from "./firmware/targets";
import { askedBy, COMMANDS, FILE_COMMANDS } from "./owner/commands";
import { pushImage } from "./owner/push";
import { shown } from "./owner/show";
import { signImage } from "./owner/sign";
import { makeKey, openKey } from "./owner/update-key";
import { type Answer, httpWay, serialWay, type Way } from "./owner/way";
import { Progress } from "./progress";

const HELP = `npm run owner -- --port PORT | --host HOST COMMAND: see and set up a socket or a cable

  --port PORT       its serial port, such as /dev/ttyUSB0: everything
  --host HOST       its name or address, HOST:PORT where the port is not 8081: what may come over the link
  --password TEXT   with --host; else the environment's PLUGPAY_PASSWORD, else it is asked for
  --json            the answer as JSON
  --help            this

Commands:
${listed(COMMANDS)}

Without a device:
${listed(FILE_COMMANDS)}
  The passphrase is asked for, else the environment's PLUGPAY_PASSPHRASE.

Opening a serial port restarts some boards, in the middle of a session: then that is said.`;

function listed(commands: typeof COMMANDS): string {
  return commands.map(([words, meaning]) => `  ${words.padEnd(33)} ${meaning}`).join("\n");
}

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
  const [command = "", ...rest] = positionals;
  if (command === "update-key" || command === "sign") return withKey(command, rest, json);
  if ((port === undefined) === (host === undefined))
    throw new UsageError(`expected either --port or --host\n\n${HELP}`);
  const asked = command === "update" ? undefined : askedBy(positionals, () => readFileSync(0, "utf8").trim());
  const way: Way =
    port !== undefined
      ? serialWay(port, (text) => console.error(text))
      : httpWay(host as string, values.password ?? process.env.PLUGPAY_PASSWORD ?? (await hidden("Password: ")));
  try {
    if (!asked) return await update(way, rest, json);
    const answer = await way.ask({ jsonrpc: "2.0", id: process.pid, ...asked });
    if (answer.error) throw new UsageError(wrong(answer.error));
    console.log(json ? JSON.stringify(answer.result) : shown(asked, answer.result, positionals.slice(1)));
  } finally {
    way.close();
  }
}

/** Brings an image into the device, and says how far it is. */
async function update(way: Way, [file, said]: readonly string[], json: boolean): Promise<void> {
  if (file === undefined) throw new UsageError("update: expected the FILE of an image that was signed");
  const progress = new Progress();
  const pushed = await pushImage(way, file, said, (bytes, size) =>
    progress.at(`update: ${Math.floor(bytes / 1024)} of ${Math.ceil(size / 1024)} KB`),
  );
  progress.clear();
  console.log(
    json
      ? JSON.stringify(pushed)
      : `Version ${pushed.version} is there; the device starts it, on trial. \`status\` says how it fares.`,
  );
}

/** What is done with the owner's own files. */
async function withKey(command: string, words: readonly string[], json: boolean): Promise<void> {
  const [first, second] = words;
  const isMaking = command === "update-key";
  if (first === undefined || words.length !== (isMaking ? 1 : 2))
    throw new UsageError(
      isMaking ? "update-key: expected a FILE to write" : "sign: expected an IMAGE and the key's FILE",
    );
  if (isMaking) {
    const publicKey = makeKey(first, await passphrase("A new passphrase: "));
    console.log(json ? JSON.stringify({ publicKey }) : `updateKey ${publicKey}`);
    return;
  }
  const manifest = signImage(first, openKey(second as string, await passphrase("Passphrase: ")));
  console.log(
    json
      ? JSON.stringify(manifest)
      : `Signed: a ${manifest.device}'s for ${manifest.chip}, ${manifest.network}, version ${manifest.version}, ${manifest.size} bytes`,
  );
}

async function passphrase(question: string): Promise<string> {
  return process.env.PLUGPAY_PASSPHRASE ?? (await hidden(question));
}

function wrong({ message, data }: NonNullable<Answer["error"]>): string {
  const problems = data?.problems?.map(({ name, why }) => `${name}: ${why}`);
  return problems && problems.length > 0 ? problems.join("\n") : (data?.why ?? message);
}

/** Asks on a terminal without showing what is typed. */
function hidden(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(`${question.trim()} expected one, and there is no terminal to ask at`);
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
