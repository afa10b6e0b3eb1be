// The owner's configuration, from `--config FILE` (JSON): what the build decides, what the image
// holds for firmware/<device>/main.ts to read from "mc/config", and the key, which the image does
// not hold.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isNetwork, NETWORKS, type Network } from "../../shared/bitcoin/address";
import { cableProblems } from "../../shared/cable/settings";
import { type ChainConfig, configuredChain } from "../../shared/chain/configured";
import { LINK_ADDRESS, LINK_PORT } from "../../shared/protocol/types";
import { BUILD_TABLE } from "../../shared/settings/build";
import { CABLE_TABLE } from "../../shared/settings/cable";
import { absent, conflicts, problems } from "../../shared/settings/check";
import type { Entry, Rule } from "../../shared/settings/entry";
import { gateProblems } from "../../shared/settings/gate";
import { SOCKET_TABLE } from "../../shared/settings/socket";
import { socketProblems } from "../../shared/socket/settings";
import { memoryProblem } from "./memory";
import { boardDisplay, boardLight, pinsOf } from "./pins";
import { boardGate, rangesOf } from "./ranges";
import { type DeviceName, type FlashSize, type ImageName, type Link, type Target, UsageError } from "./targets";

type Json = Readonly<Record<string, unknown>>;

export interface BuildConfig {
  readonly network: Network;
  readonly link: Link;
  /** Wi-Fi too where the link is Ethernet: a socket's way to the chain. */
  readonly uplink: boolean;
  /** A socket with an access point of its own, a cable that joins such. */
  readonly direct: boolean;
  readonly flash: FlashSize;
  /** Flash and NVS encrypted: burns eFuses at the first start (docs/keys.md). */
  readonly encrypted: boolean;
  /** What the image may know. */
  readonly image: Json;
  /** The owner's secret as the file gives it (hex or WIF), for the provisioning tool alone. */
  readonly key: string | undefined;
}

/**
 * Settings of the build, and the secret: the image has no use for the first and must not hold the
 * other.
 */
const NOT_IN_IMAGE = ["$schema", "flash", "encrypted", "key"];

/** Fixed addresses on a dedicated link (RFC 3927: 169.254.1.0 to 169.254.254.255). */
const ADDRESS: Readonly<Record<DeviceName, string>> = { socket: LINK_ADDRESS, cable: "169.254.80.81" };
const HOSTNAME = "plugpay";

/** Reads the file; a certificate that it names by a path is read too. */
export function readConfig(file: string | undefined): Json {
  if (file === undefined) return {};
  const config = parse(file, read(file));
  const { certificate } = config;
  if (typeof certificate !== "string" || certificate.startsWith("-----BEGIN")) return config;
  return { ...config, certificate: read(resolve(dirname(file), certificate)) };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UsageError(`--config: cannot read ${file}`);
  }
}

function parse(file: string, text: string): Json {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--config ${file}: ${(error as Error).message}`);
  }
  if (isJson(config)) return config;
  throw new UsageError(`--config ${file}: expected a JSON object`);
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an image is built with: of a device, or of what calibrates its board. */
export function imageConfig(given: Json, image: ImageName, target: Target, mainnet: boolean): BuildConfig {
  return image === "calibrator" ? calibratorConfig(given, target) : buildConfig(given, image, target, mainnet);
}

/**
 * For the calibrator the device's own configuration serves: it takes the board's `gate` options and
 * its flash, and nothing that has to do with money or a network. Its console's pins are the
 * board's.
 */
function calibratorConfig(given: Json, target: Target): BuildConfig {
  if (given.encrypted === true)
    throw new UsageError(
      "encrypted: a calibrator is not built encrypted, as its first start would burn the eFuses for good. Calibrate with a " +
        "configuration without it, and put the record that `npm run calibrate` prints into `gate` (docs/metering.md)",
    );
  const wrong = gateProblems(given.gate ?? {}, "configuration.gate", rangesOf(target.name));
  if (wrong.length > 0) throw new UsageError(wrong.join("\n"));
  const { receive, transmit } = pinsOf(target.name).console;
  return {
    network: "regtest",
    link: target.links[0] as Link,
    uplink: false,
    direct: false,
    flash: oneOf(given, "flash", ["4MB", "8MB"], target.flash),
    encrypted: false,
    image: { receive, transmit, gate: boardGate(target.name, given.gate ?? {}) },
    key: undefined,
  };
}

/**
 * `mainnet`: real money was asked for on the command line, not only in a file that may have been
 * copied.
 */
export function buildConfig(given: Json, device: DeviceName, target: Target, mainnet: boolean): BuildConfig {
  const settings = isJson(given.settings) ? given.settings : {};
  const network = settings.network ?? "regtest";
  if (!isNetwork(network)) {
    throw new UsageError(`settings.network: expected ${NETWORKS.join(" or ")}, came ${JSON.stringify(network)}`);
  }
  const key = optional(given, "key");
  checkMoney(network, device, key, mainnet);
  checkAll(given, device, target);
  checkCertificate(given);
  const link = oneOf(given, "link", target.links, target.links[0] as Link, `${target.name} has `);
  if (link === "qemu" && network === "mainnet")
    throw new UsageError("link: qemu is the emulator's network card: nobody pays real money to an emulator");
  const direct = given.direct === true;
  const uplink = link === "ethernet" && given.ssid !== undefined;
  if (uplink && !target.links.includes("wifi")) throw new UsageError(`ssid: ${target.name} has no Wi-Fi`);
  // On a direct link the cable finds out whose power it is before it closes its relay for good.
  const shared = device === "cable" ? { sharedLink: link === "wifi" && !direct } : {};
  if (device === "socket") checkMemory(given, target, link === "wifi" || uplink);
  const flash = oneOf(given, "flash", ["4MB", "8MB"], target.flash);
  checkEncrypted(given, flash);
  const kept = Object.fromEntries(Object.entries(given).filter(([name]) => !NOT_IN_IMAGE.includes(name)));
  return {
    network,
    link,
    uplink,
    direct,
    flash,
    encrypted: given.encrypted === true,
    // On Wi-Fi a neighbour's socket may answer: the cable then compares what both meters saw.
    image: {
      ...usual(device, link, direct),
      ...kept,
      link,
      ...boardLight(target.name, given),
      ...boardDisplay(target.name, given),
      gate: boardGate(target.name, given.gate ?? {}),
      settings: { ...shared, ...settings, network },
    },
    key,
  };
}

/** Where a device is, and where a cable finds its socket, unless the owner says otherwise. */
function usual(device: DeviceName, link: Link, direct: boolean): Json {
  const host = link !== "wifi" || direct ? ADDRESS.socket : `${HOSTNAME}.local`;
  const own = link !== "wifi" ? { address: ADDRESS[device] } : {};
  return device === "socket"
    ? { ...own, port: LINK_PORT, hostname: HOSTNAME }
    : { ...own, socket: { host, port: LINK_PORT } };
}

/** What only the owner knows, and a device cannot work without; thrown as one line. */
export function checkComplete({ image, link, uplink, direct }: BuildConfig, device: ImageName): void {
  if (device === "calibrator") return;
  const wanted: string[] = [];
  if (device === "socket") wanted.push(image.chain === undefined ? "esplora" : "chain");
  const isVisitor = device === "cable" && direct;
  if ((link === "wifi" && !isVisitor) || uplink) wanted.push("ssid", "password");
  const missing = wanted.filter((name) => image[name] === undefined);
  const table = device === "socket" ? SOCKET_TABLE : CABLE_TABLE;
  missing.push(...absent(table, image.settings as Json).map(({ name }) => `settings.${name}`));
  if (missing.length > 0)
    throw new UsageError(`--config FILE: a ${device} wants ${missing.join(", ")} (docs/building.md)`);
}

/**
 * Real money only on purpose: asked for twice, on a cable with a key that its owner holds elsewhere
 * too.
 */
function checkMoney(network: Network, device: DeviceName, key: string | undefined, mainnet: boolean): void {
  if (network !== "mainnet") {
    if (mainnet) throw new UsageError(`--mainnet was given, but the configuration's network is ${network}`);
    return;
  }
  if (!mainnet) throw new UsageError("network mainnet is real money: say --mainnet too, if that is meant");
  if (device === "cable" && key === undefined) {
    throw new UsageError(
      "a cable on mainnet wants a key that you hold elsewhere too: set `key` (docs/keys.md says how to make one)",
    );
  }
}

/**
 * Everything that is wrong, told at once; what only the owner knows may still be missing
 * (`checkComplete`).
 */
function checkAll(given: Json, device: DeviceName, target: Target): void {
  const { settings = {}, gate = {} } = given;
  const own = device === "socket" ? socketProblems(settings, "settings") : cableProblems(settings, "settings");
  // What has a check of its own is told by that.
  const rest = { ...ofThis(given, device), settings: {}, gate: {} };
  const wrong = [
    ...ofTheOther(given, device),
    ...problems(BUILD_TABLE, rest, "configuration"),
    ...conflicts({ ...BUILD_TABLE, rules: rulesOf(device) }, { link: target.links[0], ...rest }, "configuration"),
    ...gateProblems(gate, "configuration.gate", rangesOf(target.name)),
    ...own,
  ];
  if (wrong.length > 0) throw new UsageError(wrong.join("\n"));
  if (device === "socket" && given.chain !== undefined) checkBackends(given.chain, settings);
}

function only(name: string): DeviceName | undefined {
  const entry: Entry | undefined = BUILD_TABLE.entries.find((each) => each.name === name);
  return entry?.only;
}

function rulesOf(device: DeviceName): readonly Rule[] {
  const rules: readonly Rule[] = BUILD_TABLE.rules;
  return rules.filter((rule) => (rule.only ?? device) === device);
}

function ofThis(given: Json, device: DeviceName): Json {
  return Object.fromEntries(Object.entries(given).filter(([name]) => (only(name) ?? device) === device));
}

function ofTheOther(given: Json, device: DeviceName): readonly string[] {
  return Object.keys(given)
    .filter((name) => (only(name) ?? device) !== device)
    .map((name) => `configuration.${name}: expected nothing, as only a ${only(name)} has it and this is a ${device}`);
}

/**
 * Made as the device makes them at its start, where a wrong one would stop it; nothing is called.
 */
function checkBackends(chain: unknown, settings: unknown): void {
  const network = isJson(settings) && isNetwork(settings.network) ? settings.network : "regtest";
  const dialer = { connect: () => Promise.reject(new Error("a build calls nobody")) };
  const clock = { now: () => 0, after: () => () => {} };
  try {
    configuredChain(chain as ChainConfig, { dialer, clock, network });
  } catch (error) {
    throw new UsageError(`configuration.chain: ${(error as Error).message}`);
  }
}

/**
 * Such a board takes no image over its serial port any more: without updates it would keep this one
 * for good.
 */
function checkEncrypted({ encrypted, updateKey }: Json, flash: FlashSize): void {
  if (encrypted !== true) return;
  const why = "as such a board takes no more images over its serial port";
  if (flash !== "8MB")
    throw new UsageError(`encrypted: expected 8MB of flash, ${why} and one slot takes no update (docs/owner.md)`);
  if (updateKey === undefined)
    throw new UsageError(
      `encrypted: expected an updateKey beside it, ${why} and without a key it takes no update (docs/owner.md)`,
    );
}

/** The servers of the chain that are asked over TLS. */
function secureServers({ esplora, chain }: Json): readonly Json[] {
  const { backends } = (chain ?? { backends: [{ url: esplora }] }) as { readonly backends: readonly Json[] };
  return backends.filter(({ url, secure }) => secure === true || String(url).startsWith("https:"));
}

/** What takes more memory than the chip has would end in restarts. */
function checkMemory(given: Json, target: Target, wifi: boolean): void {
  const needs = { wifi, accessPoint: given.direct === true, secureServers: secureServers(given).length };
  const wrong = memoryProblem({ target: target.name, ...needs });
  if (wrong !== undefined) throw new UsageError(wrong);
}

/** A server's certificate is checked against one root, so TLS wants that root. */
function checkCertificate(given: Json): void {
  if (given.certificate !== undefined) return;
  const [secure] = secureServers(given);
  if (secure)
    throw new UsageError(
      `configuration.certificate: expected the root of ${secure.url ?? secure.host} in PEM (a path or its text), came nothing`,
    );
}

function optional(given: Json, name: string): string | undefined {
  const value = given[name];
  if (value === undefined || typeof value === "string") return value;
  throw new UsageError(`${name}: expected a string`);
}

function oneOf<T extends string>(given: Json, name: string, known: readonly T[], usual: T, who = ""): T {
  const value = given[name] ?? usual;
  const found = known.find((one) => one === value);
  if (!found) throw new UsageError(`${name}: ${who}${known.join(" or ")}, came ${String(value)}`);
  return found;
}
