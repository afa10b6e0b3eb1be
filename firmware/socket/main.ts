// The smart socket's composition root: reads the configuration, builds the ports, starts the controller.

import config from "mc/config";
import { resetCause } from "plugpay/console";
import entropy from "plugpay/entropy";
import NativePowerGate from "plugpay/power-gate";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { BOARD_STORE, storedCalibration } from "../../shared/calibration";
import { type ChainConfig, configuredChain } from "../../shared/chain/configured";
import { HmacDrbg, SEED_BYTES } from "../../shared/drbg";
import { PatientListener } from "../../shared/rpc/patient-listener";
import { RpcServer } from "../../shared/rpc/server";
import type { BuildOptions } from "../../shared/settings/build";
import { SocketController } from "../../shared/socket/controller";
import { socketSettings } from "../../shared/socket/settings";
import { DeviceClock } from "../platform/clock";
import { DeviceDialer, DeviceListener } from "../platform/network";
import { report } from "../platform/report";
import { guarded } from "../platform/start";
import { DeviceStore } from "../platform/store";
import { secureConnect } from "../platform/tls";

/** What the manifest's "config" (or the simulator's scenario) holds for a socket. */
type SocketConfig = Pick<BuildOptions, "port" | "esplora"> &
  Partial<Pick<BuildOptions, "certificate" | "chain" | "gate">> & {
    readonly settings: Parameters<typeof socketSettings>[0];
  };

export default function main(): void {
  guarded("start", start);
}

function start(): void {
  const { settings, port, esplora, certificate, chain, gate } = config as unknown as SocketConfig;
  report({ name: "boot", device: "socket", network: settings.network, reset: resetCause() });
  // Drawn before the radio and the gate's ADC started (firmware/native/entropy-esp32.c).
  const random = new HmacDrbg(new Uint8Array(entropy(SEED_BYTES)));
  const clock = new DeviceClock();
  const dialer = new DeviceDialer(certificate ? { secure: secureConnect(certificate) } : {});
  const backends: ChainConfig = chain ?? { backends: [{ kind: "esplora", url: esplora }] };
  const calibration = storedCalibration(new DeviceStore(BOARD_STORE), (why) => report({ name: "calibration", why }));
  const controller = new SocketController({
    clock,
    random,
    store: new DeviceStore("socket"),
    gate: new NativePowerGate({ ...calibration, ...gate }),
    chain: configuredChain(backends, { dialer, clock, network: settings.network }),
    ecdsa,
    report,
    settings: socketSettings(settings),
  });
  controller.start();
  new RpcServer({
    listener: new PatientListener({
      listener: new DeviceListener(),
      clock,
      onWait: (why) => report({ name: "no-network", why }),
      onListening: () => report({ name: "listening", port }),
    }),
    port,
    clock,
    calls: controller,
    onError: (error, where) => report({ name: "error", where, why: String(error) }),
  });
}
