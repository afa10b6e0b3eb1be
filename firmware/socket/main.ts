// The smart socket's composition root: reads the configuration, builds the ports, starts the
// controller.

import config from "mc/config";
import entropy from "plugpay/entropy";
import NativePowerGate from "plugpay/power-gate";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { BOARD_STORE, isCalibrated, storedCalibration } from "../../shared/board/calibration";
import { HmacDrbg, SEED_BYTES } from "../../shared/board/drbg";
import { type ChainConfig, configuredChain } from "../../shared/chain/configured";
import { deviceSeed } from "../../shared/channel/seed";
import { constant } from "../../shared/kernel/constant";
import type { Chain, PowerGate } from "../../shared/kernel/ports";
import type { Milliwatt } from "../../shared/kernel/units";
import { hostOf } from "../../shared/mdns/records";
import { PatientListener } from "../../shared/net/patient-listener";
import { socketListener } from "../../shared/owner/listen";
import type { Plain } from "../../shared/owner/plain";
import { Receipts } from "../../shared/owner/receipts";
import { seedMethods } from "../../shared/owner/seed";
import { RunningSocket } from "../../shared/owner/socket";
import { Fault } from "../../shared/protocol/faults";
import type { SocketCalls } from "../../shared/protocol/types";
import { CHANNEL } from "../../shared/protocol/words";
import { RpcServer } from "../../shared/rpc/server";
import type { BuildOptions } from "../../shared/settings/build";
import { SocketController } from "../../shared/socket/controller";
import { type SocketSettings, sellingSettings, type socketSettings } from "../../shared/socket/settings";
import { announce, lastName } from "../platform/announce";
import { keepAwake } from "../platform/awake";
import { watched, withCadence } from "../platform/cadence";
import { DeviceClock } from "../platform/clock";
import { Names } from "../platform/names";
import { DeviceDialer, DeviceListener } from "../platform/network";
import { OwnerSide } from "../platform/owner";
import { report } from "../platform/report";
import { guarded, paced } from "../platform/start";
import { Stores } from "../platform/store";
import { secureConnect } from "../platform/tls";
import { bootLine, socketLine } from "../platform/told";
import { isOnTrial, tryOut } from "../platform/trial";

/** What the manifest's "config" (or the simulator's scenario) holds for a socket. */
type SocketConfig = Pick<BuildOptions, "port"> &
  Partial<Pick<BuildOptions, "certificate" | "gate" | "link">> & {
    readonly settings: Parameters<typeof socketSettings>[0];
  };

const NO_SEED =
  "on mainnet nothing is sold by channel before its owner has its seed: seed show, seed keep (docs/keys.md)";

/** Less than a cable's electronics draw. */
const CABLE_DRAWS: Milliwatt = 300;

export default function main(): void {
  const { settings } = config as unknown as Partial<SocketConfig>;
  report(bootLine("socket", settings?.network));
  paced(run);
}

function run(): void {
  const clock = new DeviceClock();
  const stores = new Stores(isOnTrial());
  // Drawn before the radio and the gate's ADC started (firmware/native/entropy-esp32.c).
  const random = new HmacDrbg(new Uint8Array(entropy(SEED_BYTES)));
  const device: Started = { controller: undefined, power: undefined, isCalibrated: false };
  const owner = new OwnerSide({
    device: "socket",
    clock,
    stores,
    dialer: () => dialerOf(clock, owner),
    config: config as unknown as Plain,
    resolve: (given) => ({ ...sellingSettings(given as Parameters<typeof socketSettings>[0]) }),
    random: () => random,
    total: () => device.power?.read().total ?? 0,
    names: () => [wifiName(owner)].flatMap((wanted) => (wanted === undefined ? [] : [hostOf(lastName(wanted))])),
    payer: () => device.controller?.payer,
    more: () => ({ ...seedMethods({ store: stores.open("socket"), random: () => random }), ...receipts.calls() }),
  });
  const receipts = new Receipts({
    clock,
    store: stores.open("socket"),
    ecdsa,
    random: () => random,
    report: owner.told(report),
    sessions: owner.sessions,
    record: () => device.controller?.record,
    isCalibrated: () => device.isCalibrated,
  });
  const parts = { clock, random, stores, owner, device };
  if (isOnTrial()) tryOut({ clock, owner, build: () => void build(parts), chain: () => chainOf(parts) });
  else begin(parts);
}

function begin(parts: Parts): void {
  const { clock, owner } = parts;
  guarded(
    "start",
    () => {
      try {
        start(parts);
      } catch (error) {
        owner.begin(undefined, () => String(error));
        throw error;
      }
    },
    () => serve(clock, owner, NOT_STARTED),
  );
}

/** What there is of it once it runs. */
interface Started {
  controller: SocketController | undefined;
  power: PowerGate | undefined;
  isCalibrated: boolean;
}

interface Parts {
  readonly clock: DeviceClock;
  readonly random: HmacDrbg;
  readonly stores: Stores;
  readonly owner: OwnerSide;
  readonly device: Started;
}

/** What is in force, and the gate. */
interface Built {
  readonly settings: SocketSettings;
  readonly power: InstanceType<typeof NativePowerGate>;
  readonly calibrated: boolean;
}

/** Reads the settings and sets up the gate, whose relay stays open. */
function build({ stores, owner }: Parts): Built {
  const { gate } = config as unknown as SocketConfig;
  // First of all: a device with wrong settings touches nothing.
  const settings = owner.settings.start<SocketSettings>();
  const calibration = storedCalibration(stores.open(BOARD_STORE), (why) => report({ name: "calibration", why }));
  const options = { ...calibration, ...gate };
  const calibrated = isCalibrated(options);
  const wanted = wifiName(owner);
  report(socketLine(settings, calibrated, wanted === undefined ? undefined : hostOf(lastName(wanted))));
  return { settings, power: new NativePowerGate(options), calibrated };
}

function dialerOf(clock: DeviceClock, owner: OwnerSide): DeviceDialer {
  const { certificate } = config as unknown as SocketConfig;
  const tell = (why: string): void => owner.told(report)({ name: "chain-trouble", why });
  return new DeviceDialer({
    names: new Names({ clock, report }),
    ...(certificate ? { secure: secureConnect(certificate, tell) } : {}),
  });
}

function chainOf({ clock, owner }: Parts): Chain {
  const network = owner.settings.started("network") as SocketSettings["network"];
  return configuredChain(backendsOf(owner), { dialer: dialerOf(clock, owner), clock, network });
}

function start(parts: Parts): void {
  const { clock, random, stores, owner, device } = parts;
  const { settings, power, calibrated } = build(parts);
  const store = stores.open("socket");
  const sells = settings.schemes.includes(CHANNEL);
  const channelSeed = deviceSeed({ store, random, sells, mainnet: settings.network === "mainnet" });
  if (sells && !channelSeed) report({ name: "no-channel-seed", why: NO_SEED });
  const record = () => device.controller?.record;
  const { sessions } = owner;
  const controller = new SocketController({
    clock,
    random,
    store,
    gate: power,
    calibrated,
    chain: chainOf(parts),
    ecdsa: watched(ecdsa, power),
    report: owner.told(socketListener({ report: withCadence(report, power), sessions, record })),
    settings,
    ...(channelSeed ? { channelSeed } : {}),
  });
  device.controller = controller;
  device.power = power;
  device.isCalibrated = calibrated;
  controller.start();
  serve(clock, owner, controller);
  owner.begin(new RunningSocket({ controller, gate: power, calibrated, settings, sessions }));
  if (wifiName(owner) !== undefined)
    keepAwake(clock, () => controller.payer !== undefined || power.read().power >= CABLE_DRAWS);
}

function backendsOf({ settings }: OwnerSide): ChainConfig {
  const chain = settings.started("chain") as ChainConfig | undefined;
  return chain ?? { backends: [{ kind: "esplora", url: String(settings.started("esplora")) }] };
}

/** The name to announce on Wi-Fi; undefined where there is none. */
function wifiName({ settings }: OwnerSide): string | undefined {
  const { link } = config as unknown as Partial<SocketConfig>;
  const hostname = settings.started("hostname");
  const isOnWifi = link === "wifi" || settings.started("ssid") !== undefined;
  return isOnWifi && typeof hostname === "string" ? hostname : undefined;
}

function serve(clock: DeviceClock, owner: OwnerSide, calls: SocketCalls): void {
  const { port } = config as unknown as SocketConfig;
  const wanted = wifiName(owner);
  if (wanted !== undefined) announce({ clock, report, wanted, port });
  new RpcServer({
    listener: new PatientListener({
      listener: new DeviceListener(),
      clock,
      onWait: (why) => report({ name: "no-network", why }),
      onListening: () => report({ name: "listening", port }),
    }),
    port,
    clock,
    calls,
    onError: (error, where) => report({ name: "error", where, why: String(error) }),
  });
}

/** Says where to look, and nothing of the settings: anybody may ask. */
function notStarted(): Promise<never> {
  return Promise.reject(new Fault("internal-error", "It did not start; its console says why."));
}

/** What a socket answers that did not start. */
const NOT_STARTED: SocketCalls = constant({
  getStatus: notStarted,
  powerRequest: notStarted,
  payTransaction: notStarted,
});
