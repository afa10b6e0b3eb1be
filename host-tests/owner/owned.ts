// A bench whose socket and cable have owners.

import { SeededRandom } from "../../lab/model/random";
import { realEcdsa } from "../../lab/model/signers";
import { CutStore } from "../../lab/model/store";
import { PAPER } from "../../lab/paper";
import { Bench, type BenchOptions, TOASTER } from "../../lab/stage/bench";
import { addressOf } from "../../shared/bitcoin/address";
import { openWallet } from "../../shared/bitcoin/wallet";
import { type CableSettings, cableSettings } from "../../shared/cable/settings";
import type { Store } from "../../shared/kernel/ports";
import { encodeUtf8 } from "../../shared/kernel/utf8";
import { cableMethods, RunningCable } from "../../shared/owner/cable";
import { EventLog } from "../../shared/owner/events";
import type { Way } from "../../shared/owner/json-rpc";
import { cableListener, socketListener } from "../../shared/owner/listen";
import { Owner } from "../../shared/owner/owner";
import type { Plain } from "../../shared/owner/plain";
import { Receipts } from "../../shared/owner/receipts";
import { seedMethods } from "../../shared/owner/seed";
import { SessionLog } from "../../shared/owner/sessions";
import { OwnerSettings } from "../../shared/owner/settings";
import { RunningSocket } from "../../shared/owner/socket";
import type { UpdatePorts } from "../../shared/owner/update";
import type { Device } from "../../shared/settings/owner";
import { type SocketSettings, sellingSettings } from "../../shared/socket/settings";

const PAYOUT = addressOf(openWallet(new Uint8Array(32).fill(9), realEcdsa).script, "regtest");
const RESOLVE: Readonly<Record<Device, (given: Plain) => Plain>> = {
  socket: (given) => ({ ...sellingSettings(given as never) }),
  cable: (given) => ({ ...cableSettings(given as never) }),
};

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each method has its own; a test says what it expects
  readonly result?: any;
  readonly error?: { readonly code: number; readonly message: string; readonly data: { readonly why: string } };
}

/** One device's owner: his store, and what he asks. */
export class Side {
  readonly settings: OwnerSettings;
  readonly events: EventLog;
  readonly sessions: SessionLog;
  readonly owner: Owner;
  /** Of a socket, once it runs. */
  receipts: Receipts | undefined;
  readonly told: string[] = [];
  restarts = 0;
  blinked = 0;

  constructor(
    readonly device: Device,
    image: Plain,
    readonly bench: () => Bench,
    readonly store = new CutStore(),
    update?: UpdatePorts,
    file: Plain = {},
  ) {
    const clock = {
      now: () => bench().clock.now(),
      after: (delay: number, action: () => void) => bench().clock.after(delay, action),
    };
    const report = ({ name }: { name: string }) => void this.told.push(name);
    this.settings = new OwnerSettings({ device, store, report, image, file, resolve: RESOLVE[device] });
    this.events = new EventLog({ clock, store });
    this.sessions = new SessionLog({ clock, store, report, total: () => bench().circuit[device].read().total });
    const kept = laterStore(() => bench().socketStore);
    this.owner = new Owner({
      device,
      clock,
      report,
      store,
      settings: this.settings,
      events: this.events,
      sessions: this.sessions,
      board: {
        heap: () => ({ free: 90_000, largest: 60_000, least: 80_000 }),
        link: () => ({ kind: "ethernet", address: "169.254.80.80" }),
        identify: (time) => {
          this.blinked = time;
        },
        restart: () => void this.restarts++,
      },
      backends: ["esplora 10.0.0.9:3000"],
      ...(update && { update }),
      more: () =>
        device === "socket"
          ? { ...seedMethods({ store: kept, random: () => new SeededRandom(78) }), ...this.receipts?.calls() }
          : cableMethods({
              store: laterStore(() => bench().cableStore),
              ecdsa: realEcdsa,
              random: () => new SeededRandom(77),
              network: () => "regtest",
              wallet: () => bench().wallet,
              view: () => bench().cable.view(),
              settings: () => bench().settings.cable,
              limits: ["maxPrice", "maxDaily"],
            }),
    });
  }

  async ask(method: string, params?: object, way: Way = "serial"): Promise<Answer> {
    const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    return JSON.parse((await this.owner.answer(encodeUtf8(request), way)) ?? "{}") as Answer;
  }

  /** The result, where it is one. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async get(method: string, params?: object, way: Way = "serial"): Promise<any> {
    const { result, error } = await this.ask(method, params, way);
    if (error) throw new Error(`${method}: ${error.message}: ${error.data.why}`);
    return result;
  }
}

export interface Owned {
  readonly bench: Bench;
  readonly socket: Side;
  readonly cable: Side;
}

/**
 * Both devices on, with owners; the appliance draws `load` mW. `update`: the socket's slots, and
 * `file` what its configuration has of them.
 */
export function owned(options: BenchOptions = {}, load = TOASTER, update?: UpdatePorts, file: Plain = {}): Owned {
  let bench!: Bench;
  const images = {
    socket: { network: "regtest", payoutAddress: PAYOUT, ...PAPER.socket, ...options.socket },
    cable: { network: "regtest", ...PAPER.cable, ...options.cable },
  };
  const socket = new Side("socket", images.socket, () => bench, new CutStore(), update, file);
  const cable = new Side("cable", images.cable, () => bench);
  const live = { socket: socket.settings.start<SocketSettings>(), cable: cable.settings.start<CableSettings>() };
  bench = new Bench({ ...options, live });
  const { sessions } = socket;
  const hear = {
    socket: socketListener({ report: () => {}, sessions, record: () => bench.socket.record }),
    cable: cableListener({
      report: () => {},
      sessions: cable.sessions,
      record: () => bench.cable.record,
      total: () => bench.circuit.cable.read().total,
    }),
  };
  const sides = { socket, cable };
  bench.onTold = (device, event) => {
    hear[device](event);
    sides[device].events.note(event);
  };
  bench.socket.start();
  bench.cable.start();
  bench.circuit.load = load;
  const gates = bench.circuit;
  socket.receipts = new Receipts({
    clock: bench.clock,
    store: bench.socketStore,
    ecdsa: realEcdsa,
    random: () => new SeededRandom(79),
    report: ({ name }) => void socket.told.push(name),
    sessions,
    record: () => bench.socket.record,
    isCalibrated: () => false,
  });
  socket.owner.started(
    new RunningSocket({
      controller: bench.socket,
      gate: gates.socket,
      calibrated: false,
      settings: live.socket,
      sessions,
    }),
  );
  cable.owner.started(new RunningCable({ controller: bench.cable, gate: gates.cable, calibrated: false }));
  return { bench, socket, cable };
}

/** A store of the bench, once there is a bench. */
function laterStore(store: () => Store): Store {
  return {
    read: (key) => store().read(key),
    write: (key, value) => store().write(key, value),
    remove: (key) => store().remove(key),
  };
}
