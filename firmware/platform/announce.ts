// A socket on Wi-Fi says where it is: its host name and service _plugpay._tcp by multicast DNS
// (shared/mdns). It asks for the name that it had last, so that sockets of one name keep theirs
// over a power cut, and begins anew with each address.

// biome-ignore lint/style/useNodejsImportProtocol: it is Moddable's module, not Node's.
import Net from "net";
import type { Clock, Reporter } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";
import { decodeUtf8, encodeUtf8 } from "../../shared/kernel/utf8";
import { MDNS_GROUP, MDNS_PORT } from "../../shared/mdns/message";
import { comesOf } from "../../shared/mdns/records";
import { Responder } from "../../shared/mdns/responder";
import { DatagramPort } from "./datagrams";
import { DeviceStore } from "./store";

/** Between two looks at the own address: Wi-Fi comes and goes. */
const LOOK: Millisecond = 1000;
const STORE = "names";
const KEY = "host";

export interface AnnounceOptions {
  readonly clock: Clock;
  readonly report: Reporter;
  /** The name that the owner gave, without `.local`. */
  readonly wanted: string;
  readonly port: number;
}

/** The name that it asks for first: what it had last, if that came of `wanted`. */
export function lastName(wanted: string): string {
  try {
    const kept = new DeviceStore(STORE).read(KEY);
    const name = kept ? decodeUtf8(kept) : wanted;
    return comesOf(wanted, name) ? name : wanted;
  } catch {
    // A record that is damaged costs a name, not the start.
    return wanted;
  }
}

export function announce(options: AnnounceOptions): void {
  new Announcer(options).followAddress();
}

class Announcer {
  readonly #responder: Responder;
  #address = "";
  #port: DatagramPort | undefined;
  /** Told once why it cannot begin. */
  #isTold = false;
  #last: string;

  constructor(private readonly options: AnnounceOptions) {
    const { clock, report, wanted, port } = options;
    this.#last = lastName(wanted);
    this.#responder = new Responder({
      clock,
      report,
      wanted,
      port,
      last: this.#last,
      chance: Math.random,
      send: (bytes, to = { address: MDNS_GROUP, port: MDNS_PORT }) => this.#port?.send(bytes, to),
      onKept: (name) => this.keep(name),
    });
  }

  followAddress(): void {
    // The SDK's types do not know the second parameter, which says of which link.
    const get = Net.get as (what: string, link: string) => string | undefined;
    const address = get("IP", "station") ?? "";
    if (address !== this.#address) this.move(address);
    this.options.clock.after(LOOK, () => this.followAddress());
  }

  private move(address: string): void {
    this.#responder.stop();
    this.#port?.close();
    this.#port = undefined;
    this.#address = "";
    if (address === "") return;
    try {
      const options = { group: MDNS_GROUP, port: MDNS_PORT, here: address };
      this.#port = new DatagramPort(options, (bytes, from) => this.#responder.heard(bytes, from));
    } catch (error) {
      if (!this.#isTold) this.options.report({ name: "error", where: "announce", why: String(error) });
      this.#isTold = true;
      return;
    }
    this.#address = address;
    this.#responder.start(address);
  }

  private keep(name: string): void {
    if (name === this.#last) return;
    this.#last = name;
    try {
      new DeviceStore(STORE).write(KEY, encodeUtf8(name));
    } catch (error) {
      this.options.report({ name: "error", where: "announce", why: String(error) });
    }
  }
}
