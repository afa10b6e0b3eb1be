// The server on a real loopback port and the machine's clock, for clients of other languages.

import type { Clock } from "../../shared/ports";
import { RpcServer } from "../../shared/rpc/server";
import type { SocketCalls } from "../../shared/rpc/types";
import { tcpListener } from "../../tools/platform/tcp";

export const clock: Clock = {
  now: () => performance.now(),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};

export async function withServer(given: SocketCalls, use: (port: number) => Promise<void>): Promise<void> {
  const listener = tcpListener();
  const server = new RpcServer({ listener, port: 0, clock, calls: given });
  try {
    await use(await listener.ready());
  } finally {
    server.close();
  }
}
