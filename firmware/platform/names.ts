// Finds addresses of names: `.local` by multicast DNS of our own, others by the SDK's resolver.
//
// A `.local` name is asked for once and its address kept as long as calls to it get through: a
// socket that the cable pays is not changed for another of its name in mid-session, and no call
// waits for an answer that is known.

// biome-ignore lint/style/useNodejsImportProtocol: it is Moddable's module, not Node's.
import Net from "net";
import type { Clock, Reporter } from "../../shared/kernel/ports";
import { askAddress } from "../../shared/mdns/asker";
import { MDNS_GROUP, MDNS_PORT } from "../../shared/mdns/message";
import { DatagramPort } from "./datagrams";

export interface NamesOptions {
  readonly clock: Clock;
  readonly report: Reporter;
}

export class Names {
  #host = "";
  #address = "";

  constructor(private readonly options: NamesOptions) {}

  /** Gives "a.b.c.d". Rejects with the reason. */
  async find(host: string): Promise<string> {
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host;
    if (!isLocal(host)) return resolve(host);
    if (this.#host === host) return this.#address;
    const { clock, report } = this.options;
    const address = await askAddress(host, {
      clock,
      chance: Math.random,
      open: (onHeard) => {
        const port = new DatagramPort({ group: "", port: 0, here: "" }, onHeard);
        const group = { address: MDNS_GROUP, port: MDNS_PORT };
        return { send: (bytes) => port.send(bytes, group), close: () => port.close() };
      },
      onDispute: (host, [first, second]) => {
        this.forget(host);
        report({ name: "name-disputed", host, first, second });
      },
    });
    this.#host = host;
    this.#address = address;
    return address;
  }

  /** Nobody could be called there: the name is asked for again. */
  forget(host: string): void {
    if (this.#host === host) this.#host = "";
  }
}

function isLocal(host: string): boolean {
  return /\.local$/i.test(host);
}

function resolve(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    Net.resolve(host, (_name, address) => {
      if (address) resolve(address);
      else reject(new Error(`${host}: no such name, or no name server answers`));
    });
  });
}
