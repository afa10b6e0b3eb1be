// The server on a real loopback port and the machine's clock, for clients of other languages.

import { tcpListener } from "../../lab/platform/tcp";
import type { Clock } from "../../shared/kernel/ports";
import type { SocketCalls } from "../../shared/protocol/types";
import { RpcServer } from "../../shared/rpc/server";

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
