// What --help prints.

import { aboutChannelScenario, CHANNEL_SCENARIOS } from "../channel-scenarios";
import { aboutModelScenario, MODEL_SCENARIOS } from "../model/scenarios";
import { ABOUT_ROOM, ROOM } from "../room";
import { builtInScenarios, loadScenario } from "./scenario";
import { settingHelp } from "./setting-options";

const WIDTH = 25;

function table(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, text]) => `  ${name.padEnd(WIDTH)}${text}`).join("\n");
}

const ENGINE = ["--engine xs|node", "the real XS engine (default), or Node's"] as const;
const SCHEME = ["--scheme SCHEME", "what the cable pays by: single-fee (default) or basic"] as const;
const PAYS_BY = ["--scheme SCHEME", "what it pays by: single-fee (default), basic or channel"] as const;
const PREFERRED = [
  "--scheme SCHEME",
  "named first to cables: single-fee (default), basic or channel; the first two are taken anyway",
] as const;
const SEED = ["--seed N", "for keys, blocks, noise: the same seed gives the same run (default 1)"] as const;
const JSON_LINES = ["--json", "one JSON object a line"] as const;
const PAPER = ["--paper", "at the figures of the paper of 2017, in place of today's"] as const;
const OWNER_PORT = ["--owner-port N", "where it answers its owner on 127.0.0.1 (docs/owner.md); 0: any"] as const;
const OWNER_PASSWORD = ["--owner-password TEXT", "of the user `owner` there, 8 to 64 bytes"] as const;
const METRICS_TOKEN = ["--metrics-token TEXT", "a bearer token that reads GET /metrics there, 16 to 64 bytes"] as const;
const OWNER_SERIAL = [
  "--owner-serial PATH",
  "its serial port, a pseudo-terminal of that name (npm run owner -- --port PATH)",
] as const;
const MQTT = [
  "--mqtt BROKER",
  "tells an MQTT broker what it does: [USER:PASSWORD@]HOST[:PORT] (docs/owner.md)",
] as const;
const FACTORY_NEW = [
  "--factory-new",
  "without settings and key, to be set up over --owner-serial (docs/owner.md)",
] as const;
const WATTS = ["--watts N", "what the appliance draws (default 1300)"] as const;

export function startHelp(): string {
  const scenarios = builtInScenarios().map((name) => [name, loadScenario(name).about] as const);
  return `npm start -- [options]: a cable pays a socket, in a simulated world

${table([
  ["--scenario NAME|FILE", "one of those below (default toaster), or a JSON file"],
  SCHEME,
  ENGINE,
  ["--speed N|max", "times the clock's speed (default 20 on a terminal, else max)"],
  SEED,
  [JSON_LINES[0], `${JSON_LINES[1]}, the last being the summary`],
  ["--page", "opens both owners' pages on localhost, and goes on until Ctrl-C (docs/owner.md)"],
  [MQTT[0], "both tell an MQTT broker what they do: [USER:PASSWORD@]HOST[:PORT] (docs/owner.md)"],
  ["--steps", "at the end, what the time from plug to power went to (in the summary of --json always)"],
])}

Scenarios:
${table(scenarios)}

On a model chain that takes replacements (with --seed and --json only):
${table([...MODEL_SCENARIOS.map((name) => [name, aboutModelScenario(name)] as const), [ROOM, ABOUT_ROOM] as const])}

Payment channels, with a real node; the first three on simulated boards (with --seed and --json only):
${table(CHANNEL_SCENARIOS.map((name) => [name, aboutChannelScenario(name)] as const))}`;
}

export function socketHelp(): string {
  return `npm run socket -- [options]: a smart socket alone, at the clock's speed

${table([["--port N", "where it listens on 127.0.0.1 (default 8420; 0: any)"], PREFERRED, ENGINE, WATTS, OWNER_PORT, OWNER_PASSWORD, METRICS_TOKEN, MQTT, OWNER_SERIAL, FACTORY_NEW, SEED, PAPER, JSON_LINES])}

Its owner's settings (docs/settings.md):
${table(settingHelp("socket"))}`;
}

export function cableHelp(): string {
  return `npm run cable -- --socket HOST:PORT [options]: a smart cable alone, at the clock's speed

${table([["--socket HOST:PORT", "whom it pays"], PAYS_BY, ENGINE, WATTS, OWNER_PORT, OWNER_PASSWORD, METRICS_TOKEN, MQTT, OWNER_SERIAL, FACTORY_NEW, SEED, PAPER, JSON_LINES])}

Its owner's settings (docs/settings.md):
${table(settingHelp("cable"))}`;
}
