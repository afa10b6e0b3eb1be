// Transports in memory and a clock that a test moves, so that no test waits for real time.

import type { Http, HttpRequest, HttpResponse } from "../../shared/chain/http-port";
import type { Connection, Dialer } from "../../shared/kernel/ports";
import { HttpError } from "../../shared/net/http";

export interface Reply {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler = (request: HttpRequest, body: string) => Reply | Promise<Reply>;

export function ok(body: string | object): Reply {
  return { status: 200, body: typeof body === "string" ? body : JSON.stringify(body) };
}

export function bodyOf(request: HttpRequest): string {
  const { body = "" } = request;
  return typeof body === "string" ? body : Buffer.from(body).toString("utf8");
}

/**
 * An Http port that asks `handler`, and hands bodies over in pieces of `piece` bytes, as
 * net/http-client.ts would.
 */
export class FakeHttp implements Http {
  readonly requests: HttpRequest[] = [];
  constructor(
    public handler: Handler,
    readonly piece = 7,
  ) {}

  async request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const reply = await this.handler(request, bodyOf(request));
    const bytes = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
    const headers = new Map(Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    const isStreamed = request.onChunk && reply.status >= 200 && reply.status < 300;
    for (let at = 0; isStreamed && at < bytes.length; at += this.piece) {
      if (at >= request.limitBytes) break;
      request.onChunk?.(Uint8Array.from(bytes.subarray(at, at + this.piece)));
    }
    if (bytes.length > request.limitBytes) throw new HttpError("too-large", "the body is larger than the limit");
    const kept = bytes.subarray(0, request.keptBytes);
    return { status: reply.status, headers, body: isStreamed ? new Uint8Array(0) : Uint8Array.from(kept) };
  }
}

/** Turns of the event loop in which a fake answers. */
export const TURNS = 20;

/** Until all promises and immediate callbacks that are under way have run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** One line in, any number of lines out; `push` sends a line that nobody asked for. */
export type LineServer = (
  line: string,
  push: (line: string) => void,
) => string | undefined | Promise<string | undefined>;

/** A Dialer to a server that speaks lines. Data comes in pieces of `piece` bytes. */
export class FakeLines implements Dialer {
  readonly connections: Connection[] = [];
  /** Set to make the next connections fail. */
  refusal: string | undefined;
  readonly lines: string[] = [];
  /** Bytes that clients took. */
  delivered = 0;
  constructor(
    public serve: LineServer,
    readonly piece = 11,
  ) {}

  connect(): Promise<Connection> {
    if (this.refusal !== undefined) return Promise.reject(new Error(this.refusal));
    let isOpen = true;
    let text = "";
    const push = (line: string): void => {
      const bytes = Buffer.from(`${line}\n`);
      for (let at = 0; at < bytes.length && isOpen; at += this.piece) {
        this.delivered += this.piece;
        connection.onData(Uint8Array.from(bytes.subarray(at, at + this.piece)));
      }
    };
    const connection: Connection = {
      peer: "fake:50001",
      write: (data) => {
        text += Buffer.from(data).toString("utf8");
        const lines = text.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) {
          this.lines.push(line);
          setImmediate(async () => {
            const answer = await this.serve(line, push);
            if (answer !== undefined && isOpen) push(answer);
          });
        }
      },
      close: () => {
        isOpen = false;
      },
      onData: () => {},
      onClose: () => {},
    };
    this.connections.push(connection);
    return Promise.resolve(connection);
  }

  /** As a server does that goes away. */
  drop(): void {
    for (const connection of this.connections.splice(0)) {
      connection.close();
      connection.onClose("reset by the test");
    }
  }
}
