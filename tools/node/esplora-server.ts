// An Esplora-compatible HTTP server (https://github.com/Blockstream/esplora/blob/master/API.md) in front of the node,
// on loopback, for the simulator and the tests. Texts of errors are those of Blockstream's electrs. It can be told to
// fail the way a public server does, and it tells how many requests it is working on.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Hex } from "../../shared/units";
import { type BitcoinNode, Rejection } from "./bitcoin-node";
import { addressTextOf, scriptOfAddress, spendJson, statusJson, txJson, utxosJson } from "./esplora-json";
import { scriptHash } from "./ledger";

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
  readonly feeEstimates?: Readonly<Record<string, number>>;
}

interface Reply {
  readonly status: number;
  readonly type: "text/plain" | "application/json" | "text/html";
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Esplora's targets, at a quiet mempool's rates. */
const FEE_ESTIMATES = { "1": 2.5, "2": 2.0, "3": 2.0, "6": 1.5, "25": 1.2, "144": 1.0, "504": 0.5, "1008": 0.15 };
const LARGEST_BODY = 4_000_000;
const HEX_64 = /^[0-9a-f]{64}$/;

export class EsploraServer {
  readonly #node: BitcoinNode;
  readonly #server: Server;
  readonly #wait: (delayMs: number) => Promise<void>;
  #port = 0;
  #fault: Fault = { kind: "none" };
  #working = 0;
  feeEstimates: Readonly<Record<string, number>>;
  /** Requests answered so far, in whatever way. */
  served = 0;
  /** Called when the last request in work has been answered (or waits for the clock of a slow answer). */
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
    this.feeEstimates = options.feeEstimates ?? FEE_ESTIMATES;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return this.#port;
  }

  /** Base URL for a client. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Requests that have come and are not answered; those that wait for a slow answer's clock do not count. */
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
    this.#working++;
    let isCounted = true;
    const done = (): void => {
      if (!isCounted) return;
      isCounted = false;
      this.#working--;
      if (this.#working === 0) this.onQuiet();
    };
    response.on("close", () => {
      this.served++;
      done();
    });
    try {
      const body = await bodyOf(request);
      const fault = this.#fault;
      if (fault.kind === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      if (fault.kind === "slow") {
        done();
        await this.#wait(fault.delayMs);
        this.#working++;
        isCounted = true;
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
    if (fault.kind !== "wrong") return this.#answer(method, url, body);
    return this.#lie(fault.lie, method, url, body);
  }

  async #lie(lie: Lie, method: string, url: string, body: string): Promise<Reply> {
    if (lie === "html") return { status: 200, type: "text/html", body: page("Welcome") };
    if (lie === "swallowed" && method === "POST") return text(200, this.#node.txidOf(body.trim()));
    const honest = await this.#answer(method, url, body);
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

  // ---------------------------------------------------------------- the honest answers

  async #answer(method: string, url: string, body: string): Promise<Reply> {
    const path = (url.split("?")[0] ?? "").split("/").slice(1);
    if (path[0] === "api") path.shift();
    const route = `${method} ${path.map((part, i) => (i === 1 && path[0] !== "blocks" && path[0] !== "txs" ? ":" : part)).join("/")}`;
    const id = path[1] ?? "";
    switch (route) {
      case "POST tx":
        return this.#broadcast(body);
      case "POST txs/package":
        return text(400, 'submitpackage RPC error: {"code":-32601,"message":"Method not found"}');
      case "GET fee-estimates":
        return json(this.feeEstimates);
      case "GET blocks/tip/height":
        return text(200, String(this.#node.tip().height));
      case "GET blocks/tip/hash":
        return text(200, this.#node.tip().hash);
      case "GET mempool":
        return json(mempoolJson(this.#node));
      case "GET address/:/utxo": {
        const script = scriptOfAddress(id);
        return script === undefined ? text(400, "Invalid Bitcoin address") : this.#utxos(scriptHash(script));
      }
      case "GET scripthash/:/utxo":
        return HEX_64.test(id) ? this.#utxos(id) : text(400, "Invalid scripthash");
    }
    if (method !== "GET" || path[0] !== "tx" || path.length < 2) return unknown(url);
    return HEX_64.test(id) ? this.#transaction(id, path.slice(2), url) : text(400, "Invalid hex string");
  }

  #utxos(hash: Hex): Reply {
    return json(utxosJson(this.#node, hash));
  }

  #transaction(txid: Hex, rest: readonly string[], url: string): Reply {
    const known = this.#node.transaction(txid);
    const missing = text(404, "Transaction not found");
    switch (rest[0]) {
      case undefined:
        return known ? json(txJson(this.#node, txid, known)) : missing;
      case "hex":
        return known ? text(200, known.tx.toRaw().toString("hex")) : missing;
      // As electrs does: no 404 for what it does not know.
      case "status":
        return json(statusJson(known?.block));
      case "outspend":
        if (!/^\d{1,9}$/.test(rest[1] ?? "")) return text(400, "Invalid number");
        return json(spendJson(this.#node.spend({ txid, vout: Number(rest[1]) })));
      case "outspends":
        if (!known) return missing;
        return json(known.tx.outputs.map((_, vout) => spendJson(this.#node.spend({ txid, vout }))));
    }
    return unknown(url);
  }

  async #broadcast(body: string): Promise<Reply> {
    try {
      return text(200, await this.#node.submit(body.trim()));
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const { code, message } = error;
      return text(400, `sendrawtransaction RPC error: ${JSON.stringify({ code, message })}`);
    }
  }
}

export { addressTextOf, scriptOfAddress };

function mempoolJson(node: BitcoinNode): unknown {
  const waiting = node.mempool();
  return {
    count: waiting.length,
    vsize: waiting.reduce((sum, { tx }) => sum + tx.getVirtualSize(), 0),
    total_fee: waiting.reduce((sum, { fee = 0 }) => sum + fee, 0),
    fee_histogram: [],
  };
}

function text(status: number, body: string): Reply {
  return { status, type: "text/plain", body };
}

function json(value: unknown): Reply {
  return { status: 200, type: "application/json", body: JSON.stringify(value) };
}

function unknown(url: string): Reply {
  return text(404, `endpoint does not exist ${JSON.stringify(url)}`);
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
