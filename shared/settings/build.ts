// What a configuration file of `--config` holds beside the owner's settings. Most of it is for the
// build; where a default depends on the board, `follows` says on what.

import { constant } from "../kernel/constant";
import { LINK_PORT } from "../protocol/types";
import { CHAIN_TABLE } from "./chain";
import type { Table } from "./entry";
import { GATE_TABLE } from "./gate";
import type { SettingsOf } from "./types";

/** Where a cable finds its socket. */
export const SOCKET_AT = constant({
  entries: [
    { name: "host", meaning: "Its address, or its name on Wi-Fi.", kind: "host" },
    { name: "port", meaning: "Where it listens.", kind: "whole", unit: "port", least: 1, most: 65_535 },
  ],
  rules: [],
} as const satisfies Table);

export const BUILD_TABLE = constant({
  entries: [
    {
      name: "$schema",
      meaning: "Where an editor finds the schema of this file; not used otherwise.",
      kind: "text",
      least: 1,
      most: 1000,
      follows: "none",
    },
    {
      name: "link",
      meaning: "What connects cable and socket; `qemu` is the emulator's own network card, which no board has.",
      kind: "one-of",
      words: ["ethernet", "wifi", "qemu"],
      follows: "the target's first link",
    },
    {
      name: "flash",
      meaning: "The flash that the board really has.",
      kind: "one-of",
      words: ["4MB", "8MB"],
      follows: "that of the target",
    },
    {
      name: "encrypted",
      meaning: "Encrypts flash and NVS, which burns eFuses at the first start.",
      kind: "yes-no",
      usual: false,
    },
    {
      name: "key",
      meaning: "The owner's secret of a cable, in hex or WIF; it never becomes part of an image.",
      kind: "text",
      least: 1,
      most: 64,
      follows: "a key that the device draws; on mainnet to be stated",
      only: "cable",
    },
    {
      name: "direct",
      meaning:
        "A socket: opens an access point of its own beside its Wi-Fi, for cables that visit. A cable: joins such access points, and no other Wi-Fi.",
      kind: "yes-no",
      usual: false,
    },
    { name: "ssid", meaning: "The name of the Wi-Fi.", kind: "text", least: 1, most: 32, follows: "none" },
    {
      name: "password",
      meaning: "The password of the Wi-Fi; empty for an open one.",
      kind: "passphrase",
      follows: "none",
    },
    {
      name: "address",
      meaning: "The device's own address on Ethernet.",
      kind: "ipv4",
      follows: "169.254.80.80 for a socket, 169.254.80.81 for a cable",
    },
    {
      name: "hostname",
      meaning: "The name that a socket announces on Wi-Fi.",
      kind: "label",
      follows: "plugpay",
      only: "socket",
    },
    {
      name: "port",
      meaning: "Where a socket listens.",
      kind: "whole",
      unit: "port",
      least: 1,
      most: 65_535,
      usual: 8080,
      only: "socket",
    },
    {
      name: "socket",
      meaning: "Where a cable finds its socket.",
      kind: "object",
      of: SOCKET_AT,
      only: "cable",
      follows: "the fixed address of a socket, on Wi-Fi plugpay.local",
    },
    {
      name: "esplora",
      meaning: "The base URL of an Esplora server, a socket's way to the chain.",
      kind: "url",
      follows: "none; a socket wants it or chain",
      only: "socket",
    },
    {
      name: "certificate",
      meaning: "The root certificate of the chain's server: a path or its text in PEM.",
      kind: "text",
      least: 1,
      most: 16_384,
      follows: "none",
      only: "socket",
    },
    {
      name: "chain",
      meaning: "Several backends, or others than Esplora, in place of esplora.",
      kind: "object",
      of: CHAIN_TABLE,
      follows: "esplora",
      only: "socket",
    },
    {
      name: "updateKey",
      meaning:
        "The owner's public key: only images that it signed are taken over the link. Without one none is (docs/owner.md).",
      kind: "public-key",
      follows: "none",
    },
    {
      name: "updateUrl",
      meaning: "Where the device fetches its next image when its owner says so; the signed manifest lies beside it.",
      kind: "url",
      follows: "none",
    },
    {
      name: "light",
      meaning: "An LED at the pin `light` of [hardware.md](hardware.md), lit by a high level or by a low one.",
      kind: "one-of",
      words: ["active-high", "active-low"],
      follows: "none: the board has no light",
    },
    {
      name: "display",
      meaning:
        "A display of 128 x 64 on I2C at the pins `displayData` and `displayClock` of [hardware.md](hardware.md).",
      kind: "one-of",
      words: ["ssd1306"],
      follows: "none",
    },
    {
      name: "gate",
      meaning: "Options of the power gate.",
      kind: "object",
      of: GATE_TABLE,
      follows: "those of the board",
    },
    { name: "settings", meaning: "The owner's settings of the device.", kind: "object", follows: "all defaults" },
  ],
  rules: [
    { setting: "chain", insteadOf: "esplora" },
    { setting: "direct", wants: "link", is: "wifi" },
    // All cables that visit know one port.
    { setting: "direct", wants: "port", is: LINK_PORT },
    { setting: "direct", insteadOf: "ssid", only: "cable" },
    { setting: "direct", insteadOf: "password", only: "cable" },
    { setting: "direct", insteadOf: "socket", only: "cable" },
  ],
} as const satisfies Table);

export type BuildOptions = SettingsOf<typeof BUILD_TABLE>;
