// An owner's settings as options of npm run socket and npm run cable: names, help and checks come
// from their tables.

import { cableProblems } from "../../shared/cable/settings";
import { CABLE_TABLE } from "../../shared/settings/cable";
import type { Entry, Table } from "../../shared/settings/entry";
import { SOCKET_TABLE } from "../../shared/settings/socket";
import { socketProblems } from "../../shared/socket/settings";
import type { DeviceName } from "./bundle";
import { UsageError } from "./options";

const TABLES: Readonly<Record<DeviceName, Table>> = { socket: SOCKET_TABLE, cable: CABLE_TABLE };
const PROBLEMS = { socket: socketProblems, cable: cableProblems };

/** The simulated world decides these, and `--scheme`. */
const NOT_HERE = ["network", "payoutAddress", "schemes"];

function entriesOf(device: DeviceName): readonly Entry[] {
  return TABLES[device].entries.filter(({ name }) => !NOT_HERE.includes(name));
}

/** `maxFeeRate` is given by `--max-fee-rate`. */
function optionOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** For `readOptions`. */
export function settingOptions(device: DeviceName): Readonly<Record<string, "value">> {
  return Object.fromEntries(entriesOf(device).map(({ name }) => [optionOf(name), "value"]));
}

/**
 * The settings among the options that were given. Throws a UsageError that says all that is wrong
 * with them.
 */
export function settingsIn(device: DeviceName, given: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const settings: Record<string, unknown> = {};
  for (const entry of entriesOf(device)) {
    const text = given.get(optionOf(entry.name));
    if (text !== undefined) settings[entry.name] = parsed(entry, text);
  }
  const wrong = PROBLEMS[device](settings, "").map((each) =>
    each.replace(/^\.(\w+)/, (_, name: string) => `--${optionOf(name)}`),
  );
  if (wrong.length > 0) throw new UsageError(wrong.join("\n"));
  return settings;
}

/**
 * As a configuration file would have it; what fits nothing stays a text, which the table then
 * refuses.
 */
function parsed({ kind }: Entry, text: string): unknown {
  if (kind === "whole") return /^-?\d+$/.test(text) ? Number(text) : text;
  if (kind === "yes-no") return text === "true" ? true : text === "false" ? false : text;
  return text;
}

/** Rows for --help: the option, and what the table says of it. */
export function settingHelp(device: DeviceName): readonly (readonly [string, string])[] {
  return entriesOf(device).map((entry) => {
    const { name, meaning, unit, usual, follows } = entry;
    const counts = unit === undefined ? "" : ` In ${unit};`;
    const value = entry.kind === "whole" ? "N" : "TEXT";
    return [`--${optionOf(name)} ${value}`, `${meaning}${counts} default ${follows ?? JSON.stringify(usual)}`] as const;
  });
}
