// What an owner sets in a running device beside its settings: the link, the chain, and the owner's
// own way in. Entries of the configuration file's table, which then stand in for the image's; and
// some that no file has.

import { constant } from "../kernel/constant";
import { BUILD_TABLE } from "./build";
import { CABLE_TABLE } from "./cable";
import type { Entry, Table } from "./entry";
import { SOCKET_TABLE } from "./socket";

export type Device = "socket" | "cable";

/**
 * The file's entries that a running device takes from its owner too; each counts after a restart.
 */
const TAKEN: readonly string[] = constant([
  "ssid",
  "password",
  "hostname",
  "esplora",
  "chain",
  "socket",
  "updateKey",
  "updateUrl",
]);

/** What no configuration file has. */
export const OWN_TABLE = constant({
  entries: [
    {
      name: "ownerPort",
      meaning: "Where the owner's page and protocol answer, beside the cables' port; 0: nowhere.",
      kind: "whole",
      unit: "port",
      least: 0,
      most: 65_535,
      follows: "8081 on a socket, 0 on a cable",
      changes: "restart",
    },
    {
      name: "ownerPassword",
      meaning: "The owner's password over the link, user name `owner`; without one nobody gets in that way.",
      kind: "text",
      least: 8,
      most: 64,
      follows: "none",
      changes: "restart",
    },
    {
      name: "metricsToken",
      meaning: "A bearer token that reads the metrics and nothing else.",
      kind: "text",
      least: 16,
      most: 64,
      follows: "none",
      changes: "restart",
    },
    {
      name: "mqttHost",
      meaning: "The MQTT broker that the device tells what it does; without one it tells none.",
      kind: "host",
      follows: "none",
      changes: "restart",
    },
    {
      name: "mqttPort",
      meaning: "Where the broker listens, in the clear.",
      kind: "whole",
      unit: "port",
      least: 1,
      most: 65_535,
      usual: 1883,
      changes: "restart",
    },
    {
      name: "mqttUser",
      meaning: "The device's user name with the broker.",
      kind: "text",
      least: 1,
      most: 64,
      follows: "none",
      changes: "restart",
    },
    {
      name: "mqttPassword",
      meaning: "The password of that user; it crosses the link in the clear.",
      kind: "text",
      least: 1,
      most: 64,
      follows: "none",
      changes: "restart",
    },
    {
      name: "mqttTopic",
      meaning: "What the device's own topics begin with.",
      kind: "topic",
      usual: "plugpay",
      changes: "restart",
    },
  ],
  rules: [],
} as const satisfies Table);

/** What of it is never given out again. */
export const SECRETS: readonly string[] = constant(["password", "ownerPassword", "metricsToken", "mqttPassword"]);

/** The device's own settings, which its controller works with. */
export function deviceTable(device: Device): Table {
  return device === "socket" ? SOCKET_TABLE : CABLE_TABLE;
}

/** All that the owner of a `device` sets while it runs. */
export function ownerTable(device: Device): Table {
  const table = deviceTable(device);
  return {
    entries: [...table.entries, ...filed(device), ...OWN_TABLE.entries],
    rules: [...table.rules, ...BUILD_TABLE.rules],
  };
}

function filed(device: Device): readonly Entry[] {
  const entries: readonly Entry[] = BUILD_TABLE.entries;
  return entries
    .filter(({ name, only }) => TAKEN.includes(name) && (only === undefined || only === device))
    .map((entry) => ({ ...entry, changes: "restart" }));
}
