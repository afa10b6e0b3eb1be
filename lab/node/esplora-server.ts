// An Esplora-compatible HTTP server in front of the node, on loopback, for the simulator and the
// tests. It can be told to fail the way public servers do, and it tells how many requests it is
// working on.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { BitcoinNode } from "./bitcoin-node";
import { EsploraApi, type FeeEstimates, json, type Reply, text } from "./esplora-api";

/** What is wrong with the server at the moment. */
export type Fault =
  | { readonly kind: "none" }
  /** Nobody listens: connections are refused. */
  | { readonly kind: "refused" }
  /** Connections are reset as soon as a request has come. */
  | { readonly kind: "reset" }
  /** Every answer takes this long, on the clock that the server was given. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** 429 Too Many Requests. */
  | { readonly kind: "limited"; readonly retryAfterS?: number }
  /** 502, as a proxy in front of a dead server says. */
  | { readonly kind: "failing" }
  | { readonly kind: "wrong"; readonly lie: Lie };

export type Lie =
  /** A page of HTML with status 200. */
  | "html"
  /** The answer ends in the middle, its framing intact. */
  | "truncated"
  /** Every outpoint is said to be unspent, every transaction unconfirmed. */
  | "nothing-happened"
  /** Every outpoint is said to be spent by somebody else. */
  | "all-spent"
  /** Coins are worth ten times what they are. */
  | "inflated"
  /** A broadcast is said to have worked and goes nowhere. */
  | "swallowed";

export interface EsploraServerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Waits so long before a slow answer; setTimeout unless the caller has a clock of its own. */
  readonly wait?: (delayMs: number) => Promise<void>;
  /** sat/vB by target in blocks; may be changed later. */
  readonly feeEstimates?: FeeEstimates;
}

const LARGEST_BODY = 4_000_000;

export class EsploraServer {
  readonly #node: BitcoinNode;
  readonly #api: EsploraApi;
  readonly #server: Server;
  readonly #wait: (delayMs: number) => Promise<void>;
  #port = 0;
  #fault: Fault = { kind: "none" };
  #working = 0;
  /** Requests answered so far, in whatever way. */
  served = 0;
  /**
   * Called when the last request in work has been answered (or waits for the clock of a slow
   * answer).
   */
  onQuiet: () => void = () => {};
  /** Told of each request, for logs and tests. */
  onRequest: (method: string, path: string) => void = () => {};

  static async start(node: BitcoinNode, options: EsploraServerOptions = {}): Promise<EsploraServer> {
    const server = new EsploraServer(node, options);
    await server.#listen(options.port ?? 0);
    return server;
  }

  private constructor(node: BitcoinNode, options: EsploraServerOptions) {
    this.#node = node;
    this.#wait = options.wait ?? ((delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)));
    this.#api = new EsploraApi(node, options.feeEstimates);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return this.#port;
  }

  set feeEstimates(estimates: FeeEstimates) {
    this.#api.feeEstimates = estimates;
  }

  /** Base URL for a client. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * Requests that have come and are not answered; those that wait for a slow answer's clock do not
   * count.
   */
  get working(): number {
    return this.#working;
  }

  get fault(): Fault {
    return this.#fault;
  }

  /** Changes what is wrong from now on. Resolves when it is so. */
  async setFault(fault: Fault): Promise<void> {
    const wasRefused = this.#fault.kind === "refused";
    this.#fault = fault;
    if (fault.kind === "refused" && !wasRefused) await this.#close();
    if (fault.kind !== "refused" && wasRefused) await this.#listen(this.#port);
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.#close();
  }

  // ---------------------------------------------------------------- serving

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#server.removeListener("error", reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  #close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let isCounted = false;
    const count = (counts: boolean): void => {
      if (counts === isCounted) return;
      isCounted = counts;
      this.#working += counts ? 1 : -1;
      if (this.#working === 0) this.onQuiet();
    };
    count(true);
    // Comes in any case: after the answer, and when either side gives up before.
    response.on("close", () => {
      this.served++;
      count(false);
    });
    try {
      const body = await bodyOf(request);
      const fault = this.#fault;
      if (fault.kind === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      if (fault.kind === "slow") {
        count(false);
        await this.#wait(fault.delayMs);
        if (response.closed) return;
        count(true);
      }
      send(response, await this.#reply(request.method ?? "GET", request.url ?? "/", body));
    } catch (error) {
      if (!response.headersSent) send(response, text(500, String(error)));
    }
  }

  async #reply(method: string, url: string, body: string): Promise<Reply> {
    this.onRequest(method, url);
    const fault = this.#fault;
    if (fault.kind === "failing") return { status: 502, type: "text/html", body: page("502 Bad Gateway") };
    if (fault.kind === "limited") {
      const headers = fault.retryAfterS === undefined ? {} : { "Retry-After": String(fault.retryAfterS) };
      return { ...text(429, "Too Many Requests"), headers };
    }
    if (fault.kind !== "wrong") return this.#api.answer(method, url, body);
    return this.#lie(fault.lie, method, url, body);
  }

  async #lie(lie: Lie, method: string, url: string, body: string): Promise<Reply> {
    if (lie === "html") return { status: 200, type: "text/html", body: page("Welcome") };
    if (lie === "swallowed" && method === "POST") return text(200, this.#node.txidOf(body.trim()));
    const honest = await this.#api.answer(method, url, body);
    if (lie === "truncated") return { ...honest, body: honest.body.slice(0, honest.body.length / 2) };
    if (honest.status !== 200) return honest;
    const isOutspend = /\/outspend\/\d+$/.test(url);
    if (lie === "nothing-happened" && isOutspend) return json({ spent: false });
    if (lie === "nothing-happened" && url.endsWith("/status")) return json({ confirmed: false });
    if (lie === "all-spent" && isOutspend) {
      return json({ spent: true, txid: "f".repeat(64), vin: 0, status: { confirmed: false } });
    }
    if (lie === "inflated" && url.endsWith("/utxo")) {
      const coins = JSON.parse(honest.body) as { value: number }[];
      return json(coins.map((coin) => ({ ...coin, value: coin.value * 10 })));
    }
    return honest;
  }
}

function page(title: string): string {
  return `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
}

function send(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, {
    "Content-Type": reply.type,
    "Content-Length": body.length,
    ...reply.headers,
  });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LARGEST_BODY) throw new Error(`expected a body of at most ${LARGEST_BODY} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("latin1");
}
