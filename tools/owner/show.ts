// Answers of a device for people: lines of a name and what belongs to it, an address also as a QR
// code.

import { modulesOf, QUIET, uriOf } from "../../page/uri";
import { formatEnergy, formatPower, formatSatoshi } from "../../shared/kernel/units";
import type { Asked } from "./commands";

type Facts = Readonly<Record<string, unknown>>;

/** What `result` says, as lines. `names`: of settings, where only some are asked for. */
export function shown({ method }: Asked, result: unknown, names: readonly string[]): string {
  const facts = result as Facts;
  switch (method) {
    case "settings.get":
      return settings(facts, names);
    case "address":
      return address(String(facts.address));
    case "seed.show":
      return seed(String(facts.seed));
    case "events":
      return (facts.events as readonly Facts[]).map(event).join("\n");
    case "sessions":
      return (facts.sessions as readonly Facts[]).map((each) => lines(each).join("\n")).join("\n\n") || "none yet";
    default:
      return result === null ? "done" : lines(facts).join("\n");
  }
}

function address(text: string): string {
  return `${terminalCode(modulesOf(uriOf(text)))}\n${text}`;
}

/**
 * Two rows of a QR code a line, black on white whatever the terminal's colours are: a reader wants
 * the light margin.
 */
function terminalCode(modules: readonly (readonly boolean[])[]): string {
  const size = modules.length + 2 * QUIET;
  const isDark = (y: number, x: number) => modules[y - QUIET]?.[x - QUIET] === true;
  const halves = (y: number, x: number) => " ▀▄█"[Number(isDark(y, x)) + 2 * Number(isDark(y + 1, x))] as string;
  const line = (y: number) => `\x1b[30;107m${Array.from({ length: size }, (_, x) => halves(y, x)).join("")}\x1b[0m`;
  return Array.from({ length: Math.ceil(size / 2) }, (_, pair) => line(2 * pair)).join("\n");
}

function seed(text: string): string {
  return `${text.replace(/(.{8})(?=.)/g, "$1 ")}

Write it down and keep it where the socket is not: with it the socket's channels can be closed without it, and whoever has it
can take what they were paid and have not closed. Then: seed keep and its last eight digits.`;
}

function event({ n, atMs, name, times, ...facts }: Facts): string {
  const rest = Object.entries(facts).map(([fact, value]) => `${fact} ${value}`);
  const often = times === undefined ? [] : [`${times} times`];
  return `${String(n).padStart(6)} ${(Number(atMs) / 1000).toFixed(1).padStart(9)} s  ${[name, ...rest, ...often].join(", ")}`;
}

function settings({ settings: values, own, waiting, secrets, refused }: Facts, names: readonly string[]): string {
  const all = Object.entries(values as Facts).filter(([name]) => names.length === 0 || names.includes(name));
  const marks = (name: string): string => {
    const found = [
      ...((own as readonly string[]).includes(name) ? ["set by its owner"] : []),
      ...((waiting as readonly string[]).includes(name) ? ["counts after a restart"] : []),
    ];
    return found.length > 0 ? `  (${found.join(", ")})` : "";
  };
  return [
    ...all.map(([name, value]) => `${name.padEnd(18)} ${plain(value)}${marks(name)}`),
    ...(names.length === 0
      ? (secrets as readonly string[]).map((name) => `${name.padEnd(18)} is set, and never shown`)
      : []),
    ...(refused as readonly Facts[]).map(({ name, why }) => `${String(name).padEnd(18)} REFUSED: ${why}`),
  ].join("\n");
}

function lines(facts: Facts, indent = ""): string[] {
  return Object.entries(facts).flatMap(([name, value]) => {
    if (Array.isArray(value) && value.some((each) => typeof each === "object"))
      return [`${indent}${name}`, ...value.flatMap((each) => [...lines(each as Facts, `${indent}  `), ""])];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return [`${indent}${name}`, ...lines(value as Facts, `${indent}  `)];
    return [`${indent}${name.padEnd(20 - indent.length)} ${withUnit(name, value)}`];
  });
}

/** The unit is in the name. */
function withUnit(name: string, value: unknown): string {
  if (typeof value !== "number") return plain(value);
  if (name.endsWith("Sat") || name === "sat") return formatSatoshi(value);
  if (name.endsWith("Mwh")) return formatEnergy(value);
  if (name === "powerW") return formatPower(value * 1000);
  return plain(value);
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(plain).join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
