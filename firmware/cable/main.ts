// The smart cable's composition root: reads the configuration, builds the ports, starts the
// controller.

import config from "mc/config";
import entropy from "plugpay/entropy";
import NativePowerGate from "plugpay/power-gate";
import { addressOf, type Network } from "../../shared/bitcoin/address";
import { hexToBytes } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { openWallet, type Wallet } from "../../shared/bitcoin/wallet";
import { BOARD_STORE, isCalibrated, storedCalibration } from "../../shared/board/calibration";
import { HmacDrbg, SEED_BYTES } from "../../shared/board/drbg";
import { CableController } from "../../shared/cable/controller";
import { deviceKey, KEY_ENTRY } from "../../shared/cable/key";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import { constant } from "../../shared/kernel/constant";
import type { PowerGate, Store } from "../../shared/kernel/ports";
import type { Hex, Millisecond } from "../../shared/kernel/units";
import { HttpClient } from "../../shared/net/http-client";
import { cableMethods, RunningCable } from "../../shared/owner/cable";
import { cableListener } from "../../shared/owner/listen";
import type { Plain } from "../../shared/owner/plain";
import { RpcClient } from "../../shared/rpc/client";
import type { BuildOptions } from "../../shared/settings/build";
import { keepAwake } from "../platform/awake";
import { watched, withCadence } from "../platform/cadence";
import { DeviceClock } from "../platform/clock";
import { Names } from "../platform/names";
import { DeviceDialer } from "../platform/network";
import { OwnerSide } from "../platform/owner";
import { directRadio } from "../platform/radio";
import { report } from "../platform/report";
import { guarded, paced } from "../platform/start";
import { Stores } from "../platform/store";
import { bootLine, cableLine } from "../platform/told";
import { isOnTrial, tryOut } from "../platform/trial";

/** What the manifest's "config" (or the simulator's scenario) holds for a cable. */
type CableConfig = Pick<BuildOptions, "socket"> &
  Partial<Pick<BuildOptions, "gate" | "link" | "direct">> & {
    readonly settings: Parameters<typeof cableSettings>[0];
    /**
     * The secret key, 32 bytes: the simulator's. The image of a device holds none, its store does.
     */
    readonly key?: Hex;
  };

/** After its first question to the socket, which must not wait for the public key. */
const TELL_ADDRESS: Millisecond = 2000;
/** A cable that has no power yet is asked nothing by its owner. */
const OPEN_TO_OWNER: Millisecond = 1500;
/** What the owner's method limits tells of the settings. */
const LIMITS = constant([
  "maxPrice",
  "maxIncrement",
  "maxFee",
  "maxFeeRate",
  "maxFeeShare",
  "maxSession",
  "latestExpiry",
  "maxClaims",
  "maxDaily",
  "maxCurrent",
] as const);

export default function main(): void {
  const { settings } = config as unknown as Partial<CableConfig>;
  report(bootLine("cable", settings?.network));
  paced(run);
}

/** What there is of it once it runs. */
interface Started {
  controller: CableController | undefined;
  power: PowerGate | undefined;
  wallet: Wallet | undefined;
  /** Once it was derived. */
  address: string | undefined;
  settings: CableSettings | undefined;
}

interface Parts {
  readonly clock: DeviceClock;
  readonly stores: Stores;
  readonly store: Store;
  readonly random: () => HmacDrbg;
  readonly owner: OwnerSide;
  readonly device: Started;
}

function run(): void {
  const clock = new DeviceClock();
  const stores = new Stores(isOnTrial());
  const store = stores.open("cable");
  const device: Started = {
    controller: undefined,
    power: undefined,
    wallet: undefined,
    address: undefined,
    settings: undefined,
  };
  let drbg: HmacDrbg | undefined;
  // What a key is born from was drawn before the radio and the gate's ADC started
  // (firmware/native/entropy-esp32.c).
  const random = (): HmacDrbg => {
    drbg ??= new HmacDrbg(new Uint8Array(entropy(SEED_BYTES)));
    return drbg;
  };
  const owner = new OwnerSide({
    device: "cable",
    clock,
    stores,
    dialer: () => new DeviceDialer({ names: new Names({ clock, report }) }),
    config: config as unknown as Plain,
    resolve: (given) => ({ ...cableSettings(given as Parameters<typeof cableSettings>[0]) }),
    random,
    total: () => device.power?.read().total ?? 0,
    names: () => [],
    address: () => device.address,
    more: (settings) =>
      cableMethods({
        store,
        ecdsa,
        random,
        network: () => (settings.started("network") ?? "mainnet") as Network,
        wallet: () => device.wallet,
        view: () => device.controller?.view(),
        settings: () => device.settings,
        limits: LIMITS,
      }),
  });
  const parts = { clock, stores, store, random, owner, device };
  if (isOnTrial()) onTrial(parts);
  else begin(parts);
}

function begin(parts: Parts): void {
  const { owner } = parts;
  guarded("start", () => {
    try {
      start(parts);
    } catch (error) {
      owner.begin(undefined, () => String(error));
      throw error;
    }
  });
}

function onTrial(parts: Parts): void {
  const { clock, owner } = parts;
  const { direct } = config as unknown as CableConfig;
  // A cable that visits has a link where it is plugged in only: its radio has to start, or this
  // image ends here.
  if (direct) directRadio(clock);
  const link = direct ? { link: () => undefined } : {};
  tryOut({ clock, owner, build: () => void build(parts, owner.settings.start<CableSettings>()), ...link });
}

/** The wallet, and the gate. */
interface Built {
  readonly wallet: Wallet;
  readonly power: InstanceType<typeof NativePowerGate>;
  readonly calibrated: boolean;
}

/** Reads the key, and sets up the gate, whose relay stays open. */
function build({ stores, store, random }: Parts, settings: CableSettings): Built {
  const { key, gate } = config as unknown as CableConfig;
  const isGiven = key !== undefined && !store.read(KEY_ENTRY);
  const secret = isGiven ? hexToBytes(key) : deviceKey({ store, network: settings.network, random });
  const calibration = storedCalibration(stores.open(BOARD_STORE), (why) => report({ name: "calibration", why }));
  const options = { ...calibration, ...gate };
  const calibrated = isCalibrated(options);
  report(cableLine(settings, calibrated));
  const power = new NativePowerGate(options);
  return { wallet: openWallet(secret, watched(ecdsa, power)), power, calibrated };
}

function start(parts: Parts): void {
  const { clock, store, owner, device } = parts;
  const { link, direct } = config as unknown as CableConfig;
  // First of all: a device with wrong settings touches nothing.
  const settings = owner.settings.start<CableSettings>();
  const socket = owner.settings.started("socket") as CableConfig["socket"];
  // Takes its time to come up, and must not be long away from its noise source: before the power
  // gate.
  const radio = direct ? directRadio(clock) : undefined;
  // It has power, so it is plugged in.
  if (link === "wifi") keepAwake(clock, () => true);
  const { wallet, power, calibrated } = build(parts, settings);
  const dialer = new DeviceDialer({ names: new Names({ clock, report }) });
  const { sessions } = owner;
  const total = () => power.read().total;
  const record = () => device.controller?.record;
  const controller = new CableController({
    clock,
    store,
    gate: power,
    calibrated,
    wallet,
    socket: new RpcClient({ http: new HttpClient({ dialer, clock }), ...socket }),
    report: owner.told(cableListener({ report: withCadence(report, power), sessions, record, total })),
    settings,
    ecdsa: watched(ecdsa, power),
    ...(radio ? { radio } : {}),
  });
  Object.assign(device, { controller, power, wallet, settings });
  controller.start();
  // After the first call, which it must not delay.
  clock.after(OPEN_TO_OWNER, () =>
    guarded("owner", () => owner.begin(new RunningCable({ controller, gate: power, calibrated }))),
  );
  clock.after(TELL_ADDRESS, () => {
    device.address = addressOf(wallet.script, settings.network);
    report({ name: "address", address: device.address });
  });
}
