// Owners' pages of a bench's devices over real TCP on loopback: the devices live on the bench's
// virtual clock, the HTTP servers on the real one, as a browser does.

import { tcpListener } from "../../lab/platform/tcp";
import { wallClock } from "../../lab/platform/wall-clock";
import type { Clock } from "../../shared/kernel/ports";
import { secretOf } from "../../shared/owner/credentials";
import { ownerHttp } from "../../shared/owner/http";
import { answerOf, buildPage } from "../../tools/page/build";

export const PASSWORD = "correct horse";

export interface Served {
  readonly port: number;
  readonly url: string;
  close(): void;
}

export interface ServeOptions {
  readonly answer: (request: Uint8Array) => Promise<string | undefined>;
  readonly port?: number;
  readonly clock?: Clock;
  readonly withPage?: boolean;
}

export async function serve({ answer, port = 0, clock = wallClock, withPage = true }: ServeOptions): Promise<Served> {
  const listener = tcpListener();
  const page = withPage ? answerOf(await buildPage()) : undefined;
  const server = ownerHttp({
    listener,
    port,
    clock,
    credentials: { secret: secretOf(PASSWORD) },
    nonceKey: new Uint8Array(32).fill(5),
    hosts: () => ["127.0.0.1"],
    answer,
    page: page && { length: page.length, read: (from, to) => page.subarray(from, to) },
    onError: (error) => {
      throw error;
    },
  });
  const found = await listener.ready();
  return { port: found, url: `http://127.0.0.1:${found}/`, close: () => server.close() };
}
