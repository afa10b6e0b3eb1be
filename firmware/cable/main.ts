// The smart cable's composition root: reads the configuration, builds the ports, starts the controller.

import config from "mc/config";
import entropy from "plugpay/entropy";
import NativePowerGate from "plugpay/power-gate";
import { addressOf } from "../../shared/bitcoin/address";
import { hexToBytes } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { openWallet } from "../../shared/bitcoin/wallet";
import { BOARD_STORE, isCalibrated, storedCalibration } from "../../shared/board/calibration";
import { HmacDrbg, SEED_BYTES } from "../../shared/board/drbg";
import { CableController } from "../../shared/cable/controller";
import { deviceKey } from "../../shared/cable/key";
import { cableSettings } from "../../shared/cable/settings";
import type { Hex, Millisecond } from "../../shared/kernel/units";
import { HttpClient } from "../../shared/net/http-client";
import { RpcClient } from "../../shared/rpc/client";
import type { BuildOptions } from "../../shared/settings/build";
import { keepAwake } from "../platform/awake";
import { withCadence } from "../platform/cadence";
import { DeviceClock } from "../platform/clock";
import { Names } from "../platform/names";
import { DeviceDialer } from "../platform/network";
import { directRadio } from "../platform/radio";
import { report } from "../platform/report";
import { guarded, paced } from "../platform/start";
import { DeviceStore } from "../platform/store";
import { bootLine, cableLine } from "../platform/told";

/** What the manifest's "config" (or the simulator's scenario) holds for a cable. */
type CableConfig = Pick<BuildOptions, "socket"> &
  Partial<Pick<BuildOptions, "gate" | "link" | "direct">> & {
    readonly settings: Parameters<typeof cableSettings>[0];
    /** The secret key, 32 bytes: the simulator's. The image of a device holds none, its store does. */
    readonly key?: Hex;
  };

/** After its first question to the socket, which must not wait for the public key. */
const TELL_ADDRESS: Millisecond = 2000;

export default function main(): void {
  const { settings } = config as unknown as Partial<CableConfig>;
  report(bootLine("cable", settings?.network));
  paced(() => guarded("start", start));
}

function start(): void {
  const { settings, key, socket, gate, link, direct } = config as unknown as CableConfig;
  // First of all: a device with wrong settings touches nothing.
  const checked = cableSettings(settings);
  const clock = new DeviceClock();
  // Takes its time to come up, and must not be long away from its noise source: before the power gate.
  const radio = direct ? directRadio(clock) : undefined;
  // It has power, so it is plugged in.
  if (link === "wifi") keepAwake(clock, () => true);
  const store = new DeviceStore("cable");
  // What a key is born from was drawn before the radio and the gate's ADC started (firmware/native/entropy-esp32.c).
  const random = (): HmacDrbg => new HmacDrbg(new Uint8Array(entropy(SEED_BYTES)));
  const secret = key ? hexToBytes(key) : deviceKey({ store, network: checked.network, random });
  const calibration = storedCalibration(new DeviceStore(BOARD_STORE), (why) => report({ name: "calibration", why }));
  const options = { ...calibration, ...gate };
  const calibrated = isCalibrated(options);
  report(cableLine(checked, calibrated));
  const wallet = openWallet(secret, ecdsa);
  const power = new NativePowerGate(options);
  const dialer = new DeviceDialer({ names: new Names({ clock, report }) });
  new CableController({
    clock,
    store,
    gate: power,
    calibrated,
    wallet,
    socket: new RpcClient({ http: new HttpClient({ dialer, clock }), ...socket }),
    report: withCadence(report, power),
    settings: checked,
    ...(radio ? { radio } : {}),
  }).start();
  clock.after(TELL_ADDRESS, () => report({ name: "address", address: addressOf(wallet.script, checked.network) }));
}
