// npm run monitor -- --port PORT [--json]: shows what a board says on its console as the simulator's live view does.

import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { MonitorLines } from "./monitor-lines";
import { BAUD, openSource, type Source } from "./source";
import { UsageError } from "./targets";

const HELP = `npm run monitor -- --port PORT [options]: what a board says on its console, until Ctrl-C

  --port PORT   its serial port (/dev/ttyUSB0), an emulator's socket, a file, or - for standard input
  --json        one JSON object a line: atMs since the board started, from, and what it told
  --help        this

It reads at ${BAUD.toLocaleString("en")} baud and writes nothing to the port. Opening a port raises its DTR and RTS lines, which
restarts some boards: then that is said. A port that goes (the board was unplugged) is opened again when it comes back.`;
const AGAIN_MS = 1000;

function options() {
  try {
    return parseArgs({
      options: { port: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

/** Shows what comes until the source ends; why it ended. */
function show({ stream, isPort }: Source, lines: MonitorLines): Promise<string> {
  lines.opened(performance.now());
  if (isPort) lines.note("listening", performance.now());
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => lines.take(text, performance.now()));
  return new Promise((resolve) => {
    stream.once("error", (error) => resolve(error.message));
    stream.once("close", () => resolve("it was closed"));
    stream.once("end", () => resolve("it ended"));
  });
}

/** The port again, as soon as there is one. */
async function reopen(port: string): Promise<Source> {
  for (;;) {
    await pause(AGAIN_MS);
    try {
      return openSource(port);
    } catch {
      // Not yet.
    }
  }
}

async function main(): Promise<void> {
  const { port, json = false, help } = options();
  if (help) {
    console.log(HELP);
    return;
  }
  if (port === undefined)
    throw new UsageError(`--port: expected a serial port, a socket or a file, came nothing\n\n${HELP}`);
  let source = openSource(port);
  const lines = new MonitorLines({
    write: (line) => console.log(line),
    json,
    colours: !json && process.stdout.isTTY === true,
    mayRestart: source.isPort,
  });
  for (;;) {
    const why = await show(source, lines);
    if (!source.isPort) return;
    source.stream.destroy();
    lines.note(`${port} is gone (${why}); waiting for it`, performance.now());
    source = await reopen(port);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
});
