// The server on a real loopback port and the machine's clock, for clients of other languages.

import { tcpListener } from "../../lab/platform/tcp";
import { wallClock } from "../../lab/platform/wall-clock";
import type { SocketCalls } from "../../shared/protocol/types";
import { RpcServer } from "../../shared/rpc/server";

export async function withServer(given: SocketCalls, use: (port: number) => Promise<void>): Promise<void> {
  const listener = tcpListener();
  const server = new RpcServer({ listener, port: 0, clock: wallClock, calls: given });
  try {
    await use(await listener.ready());
  } finally {
    server.close();
  }
}
