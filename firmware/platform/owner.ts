// The owner's side on a device: his settings over the image's, the logs, and the two ways in.

import { listen as hearConsole, memory, print, write } from "plugpay/console";
import Display from "plugpay/display";
import { begin as beginLight, show } from "plugpay/light";
import { length as pageLength, read as readPage } from "plugpay/page";
import { chip, lastWords, resetCause, restart } from "plugpay/restarts";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { attempt } from "../../shared/kernel/attempt";
import { constant } from "../../shared/kernel/constant";
import type { Clock, Dialer, Random, Reporter, Store } from "../../shared/kernel/ports";
import { VERSION } from "../../shared/kernel/version";
import { HttpClient } from "../../shared/net/http-client";
import { PatientListener } from "../../shared/net/patient-listener";
import { EventLog } from "../../shared/owner/events";
import { ownerHttp } from "../../shared/owner/http";
import { journalsOf, whyCannotGoOn } from "../../shared/owner/journals";
import type { Params, Problem } from "../../shared/owner/json-rpc";
import { Light, type LightWord, lightOf } from "../../shared/owner/light";
import type { MethodName } from "../../shared/owner/methods";
import { formatFor, METRICS_TYPES } from "../../shared/owner/metrics";
import { type Board, Owner, type Running } from "../../shared/owner/owner";
import type { Plain } from "../../shared/owner/plain";
import { finishReset } from "../../shared/owner/reset";
import { Screen } from "../../shared/owner/screen";
import { OwnerSerial } from "../../shared/owner/serial";
import { SessionLog } from "../../shared/owner/sessions";
import { OwnerSettings } from "../../shared/owner/settings";
import type { UpdatePorts } from "../../shared/owner/update";
import { brokerProblem } from "../../shared/settings/memory";
import type { Device } from "../../shared/settings/owner";
import { addresses } from "./addresses";
import { tellBroker } from "./broker";
import { DeviceListener } from "./network";
import { report } from "./report";
import { DeviceSlots } from "./slots";
import type { Stores } from "./store";

/** Entries of the configuration that an owner may set over the image's. */
const FROM_IMAGE = constant([
  "ssid",
  "password",
  "hostname",
  "esplora",
  "chain",
  "socket",
  "ownerPort",
  "ownerPassword",
  "metricsToken",
  "updateKey",
  "updateUrl",
  "mqttHost",
  "mqttPort",
  "mqttUser",
  "mqttPassword",
  "mqttTopic",
] as const);
const STORE = "owner";
const NOT_CONFIRMED = "the image that was written last did not confirm itself; this is the one before it";
/** Where a socket answers its owner, unless he says otherwise; a cable does nowhere. */
const PORTS = constant({ socket: 8081, cable: 0 } as const);

/** What the image's configuration has of it (tools/firmware/config.ts). */
interface BoardLight {
  readonly pin: number;
  readonly litByLow: boolean;
}

interface BoardDisplay {
  readonly data: number;
  readonly clock: number;
}

export interface OwnerSideOptions {
  readonly device: Device;
  readonly clock: Clock;
  readonly stores: Stores;
  /** To where an image is fetched from. */
  readonly dialer: () => Dialer;
  /** What `mc/config` has. */
  readonly config: Plain;
  /** What the device works with, made from what is given. */
  readonly resolve: (given: Plain) => Plain;
  readonly random: () => Random;
  /** Reading of the gate; 0 before there is one. */
  readonly total: () => number;
  /** Names that this device goes by on the link. */
  readonly names: () => readonly string[];
  readonly payer?: () => string | undefined;
  /** Of a cable, once it is known. */
  readonly address?: () => string | undefined;
  readonly more?: (settings: OwnerSettings) => Partial<Record<MethodName, (params: Params) => unknown>>;
}

/** All that an owner sees and does of a device, whether that starts or not. */
export class OwnerSide {
  readonly settings: OwnerSettings;
  readonly events: EventLog;
  readonly sessions: SessionLog;
  readonly #store: Store;
  #owner: Owner | undefined;
  #serial: OwnerSerial | undefined;
  /** Where the board has one. */
  #light: Light | undefined;
  #running: Running | undefined;
  #why: () => string = () => "";
  readonly #tell = this.told(report);

  constructor(private readonly options: OwnerSideOptions) {
    const { device, clock, stores, config, resolve, total } = options;
    const store = stores.open(STORE);
    this.#store = store;
    if (finishReset({ owner: store, device: stores.open(device), kind: device })) report({ name: "reset" });
    // Read by name: a linked image's configuration lists none (firmware/selftest/config.ts).
    const { settings: own } = config as { settings?: Plain };
    const filed = Object.fromEntries(FROM_IMAGE.map((name) => [name, config[name]]));
    this.events = new EventLog({ clock, store });
    // Told already, before there was a log.
    this.events.note({ name: "boot", version: VERSION, reset: resetCause(), why: lastWords() });
    const tell = this.#tell;
    this.settings = new OwnerSettings({
      device,
      store,
      report: tell,
      image: own ?? {},
      file: filed,
      resolve,
      tooMuch: (given) => tooMuch(given, config.direct === true),
    });
    this.sessions = new SessionLog({ clock, store, report: tell, total });
  }

  /**
   * Made when somebody first asks: until then it costs neither the first call its time nor a
   * payment its heap.
   */
  private get owner(): Owner {
    const { device, clock, config, names, more } = this.options;
    this.#owner ??= new Owner({
      device,
      clock,
      report: this.#tell,
      store: this.#store,
      settings: this.settings,
      events: this.events,
      sessions: this.sessions,
      board: { ...boardOf(config, names), ...this.lamp() },
      backends: backendsOf(this.settings),
      more: () => more?.(this.settings) ?? {},
      update: this.updates(),
    });
    if (this.#running) this.#owner.started(this.#running);
    else this.#owner.failed(this.#why());
    return this.#owner;
  }

  /** Of what the stores hold: why this image cannot go on from it. */
  whyCannotGoOn(): string | undefined {
    const { device, stores } = this.options;
    return whyCannotGoOn(device, { own: stores.open(device), owner: this.#store });
  }

  private updates(): UpdatePorts {
    const { device, clock, dialer } = this.options;
    const { settings } = this;
    return {
      slots: new DeviceSlots(),
      ecdsa,
      here: () => ({
        device,
        chip: chip(),
        network: String(settings.started("network")),
        version: VERSION,
        journals: journalsOf(device),
      }),
      request: (request) => new HttpClient({ dialer: dialer(), clock }).request(request),
    };
  }

  /** A reporter that keeps what it tells. */
  told(tell: Reporter): Reporter {
    return (event) => {
      tell(event);
      this.events.note(event);
    };
  }

  /** It runs, or did not start, and why: from now on its owner is answered. */
  begin(running: Running | undefined, why: () => string = () => ""): void {
    this.#running = running;
    this.#why = why;
    // What only shows keeps nothing from running.
    attempt(this.#tell, () => this.lightUp());
    attempt(this.#tell, () => this.display());
    if (new DeviceSlots().state === "undone") this.#tell({ name: "update-undone", why: NOT_CONFIRMED });
    this.listen();
    hearConsole((bytes) => this.serial.take(new Uint8Array(bytes)));
    const { device, clock } = this.options;
    tellBroker({
      device,
      clock,
      report: this.#tell,
      settings: this.settings,
      status: () => this.owner.status(),
      page: () => this.page(),
      isUpdating: () => this.#owner?.isUpdating ?? false,
    });
  }

  private lamp(): Pick<Board, "identify"> {
    const light = this.#light;
    return light ? { identify: (time) => light.identify(time) } : {};
  }

  private lightUp(): void {
    const { clock, config } = this.options;
    const { light } = config as { light?: BoardLight };
    if (!light) return;
    beginLight(light.pin, light.litByLow);
    this.#light = new Light({ clock, lamp: { show }, word: () => this.word });
  }

  private display(): void {
    const { clock, config, address } = this.options;
    const { display } = config as { display?: BoardDisplay };
    if (!display) return;
    const panel = new Display(display.data, display.clock);
    const tell = this.#tell;
    new Screen({
      clock,
      panel,
      shown: () => {
        const shownAddress = address?.();
        return { word: this.word, ...(shownAddress !== undefined && { address: shownAddress }) };
      },
      onError: (error) => tell({ name: "error", where: "display", why: String(error) }),
    });
  }

  /** What light and display say of the device. */
  private get word(): LightWord {
    return this.#running?.light() ?? lightOf({ state: "not-started", trip: undefined });
  }

  /** Lines and Improv's packets on the serial console. */
  private get serial(): OwnerSerial {
    const { device, clock, config } = this.options;
    this.#serial ??= new OwnerSerial({
      clock,
      write,
      print: (line) => print(`${line}\n`),
      answer: (request) => this.owner.answer(request, "serial"),
      improv: {
        state: () => (this.settings.has("ssid") ? 4 : 2),
        join: (ssid, password) => {
          if (config.link === "ethernet" || config.link === "qemu") throw new Error("this image has no Wi-Fi");
          // Whoever pays now does not lose the link.
          const busy = this.#running?.unsettled();
          if (busy !== undefined) throw new Error(busy);
          this.settings.set(
            new Map([
              ["ssid", ssid],
              ["password", password],
            ]),
            "serial",
          );
          this.owner.restartSoon();
        },
        page: () => this.page(),
        info: ["plugpay", VERSION, chip(), device],
      },
    });
    return this.#serial;
  }

  /**
   * Where the owner's page is, by name where the device has one: its address may be another after a
   * restart.
   */
  private page(): string | undefined {
    const host = this.options.names()[0] ?? addresses()[0];
    return host === undefined || this.port() === 0 ? undefined : `http://${host}:${this.port()}/`;
  }

  private port(): number {
    return Number(this.settings.started("ownerPort") ?? PORTS[this.options.device]);
  }

  /** By HTTP, where the owner has a password. */
  private listen(): void {
    const { clock, random, names, payer } = this.options;
    const { credentials } = this.settings;
    const port = this.port();
    if (port === 0 || (credentials.secret === undefined && credentials.token === undefined)) return;
    const tell = this.#tell;
    ownerHttp({
      listener: new PatientListener({
        listener: new DeviceListener(),
        clock,
        onWait: (why) => tell({ name: "no-network", where: "owner", why }),
      }),
      port,
      clock,
      credentials,
      nonceKey: random().bytes(32),
      hosts: () => [...addresses(), ...names()],
      answer: (request) => this.owner.answer(request, "http"),
      metrics: (accept) => {
        const format = formatFor(accept);
        return { type: METRICS_TYPES[format], text: this.owner.metrics(format) };
      },
      ...(pageLength() > 0 && { page: { length: pageLength(), read: readPage } }),
      ...(payer && { payer }),
      onError: (error, where) => tell({ name: "error", where, why: String(error) }),
    });
  }
}

function boardOf(config: Plain, names: () => readonly string[]): Board {
  return {
    heap: () => {
      const free = memory(0);
      return free > 0 ? { free, largest: memory(1), least: memory(2) } : undefined;
    },
    link: () => {
      const [address] = addresses();
      const [name] = names();
      return { kind: String(config.link ?? "ethernet"), ...(address && { address }), ...(name && { name }) };
    },
    restart,
  };
}

/** A setting that this board's memory does not hold beside the others. */
function tooMuch(given: Plain, direct: boolean): Problem | undefined {
  if (given.mqttHost === undefined) return undefined;
  const { backends = [] } = (given.chain ?? {}) as { backends?: readonly Plain[] };
  const secure = [given.esplora, ...backends.map(({ url }) => url)].some((url) => String(url).startsWith("https:"));
  const why = brokerProblem({ chip: chip(), direct, secure: secure || backends.some((each) => each.secure === true) });
  return why === undefined ? undefined : { name: "mqttHost", why };
}

/** Servers that are asked about the chain, without what opens them. */
function backendsOf(settings: OwnerSettings): readonly string[] {
  const chain = settings.started("chain") as { backends?: readonly Plain[] } | undefined;
  const esplora = settings.started("esplora");
  const backends = chain?.backends ?? (esplora === undefined ? [] : [{ kind: "esplora", url: esplora }]);
  return backends.map(({ kind, url, host }) => `${kind} ${hostOf(String(url ?? host))}`);
}

/** A URL's host and port: its path may hold a key. */
function hostOf(url: string): string {
  return url
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/^[^@/]*@/, "")
    .replace(/\/.*$/, "");
}
