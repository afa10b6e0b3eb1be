// npm run monitor -- --port PORT [--json]: shows what a board says on its console as the
// simulator's live view does.

import { setTimeout as pause } from "node:timers/promises";
import { hasColours } from "../../lab/sim/view";
import { type Command, type Given, helpOf, run, UsageError } from "../command";
import { MonitorLines } from "./monitor-lines";
import { BAUD, openSource, type Source } from "./source";

const COMMAND: Command<"port" | "json"> = {
  name: "npm run monitor",
  about: "what a board says on its console, until Ctrl-C",
  options: {
    port: {
      takes: "PORT",
      about: "its serial port (/dev/ttyUSB0), an emulator's socket, a file, or - for standard input",
    },
    json: { about: "one JSON object a line: atMs since the board started, from, and what it told" },
  },
  more: `It reads at ${BAUD.toLocaleString("en")} baud and writes nothing to the port. Opening a port raises its DTR and RTS lines, which
restarts some boards: then that is said. A port that goes (the board was unplugged) is opened again when it comes back.`,
};
const AGAIN_MS = 1000;

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

async function main(given: Given<"port" | "json">): Promise<void> {
  const port = given.text("port");
  const json = given.has("json");
  if (port === undefined)
    throw new UsageError(`--port: expected a serial port, a socket or a file\n\n${helpOf(COMMAND)}`);
  let source = openSource(port);
  const lines = new MonitorLines({
    write: (line) => console.log(line),
    json,
    colours: !json && hasColours(process.stdout),
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

await run(COMMAND, main);
