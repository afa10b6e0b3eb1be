// The Dialer and Listener ports over node:net and node:tls: for the tools, the single devices and
// the tests.

import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Connection, Dialer, Listener } from "../../shared/kernel/ports";

const CONNECT_MS = 15_000;
/** A peer that does not read holds at most so many bytes of ours in memory. */
const UNREAD_BYTES = 1 << 20;

export const tcpDialer: Dialer = {
  connect({ host, port, secure = false }) {
    return new Promise((resolve, reject) => {
      const socket = secure ? connectTls({ host, port, servername: host }) : connect({ host, port });
      const fail = (error: Error) => {
        socket.destroy();
        reject(new Error(`cannot connect to ${host}:${port}: ${error.message}`));
      };
      socket.setTimeout(CONNECT_MS, () => fail(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
      socket.once("error", fail);
      socket.once(secure ? "secureConnect" : "connect", () => {
        socket.off("error", fail);
        socket.setTimeout(0);
        resolve(connectionOver(socket, `${host}:${port}`));
      });
    });
  },
};

export interface TcpListener extends Listener {
  /**
   * The port that is listened on, once it is: for those that asked for port 0. Rejects where it is
   * not free.
   */
  ready(): Promise<number>;
}

/** A listener on `host` (loopback unless told otherwise). */
export function tcpListener(host = "127.0.0.1"): TcpListener {
  let listening: Promise<number> = Promise.reject(new Error("listen was not called"));
  listening.catch(() => {});
  return {
    listen(port, onConnection, admits) {
      const server = createServer((socket) => {
        if (!admits(socket.remoteAddress ?? "")) socket.destroy();
        else onConnection(connectionOver(socket, `${socket.remoteAddress}:${socket.remotePort}`));
      });
      listening = started(server, host, port);
      listening.catch(() => {});
      return () => server.close();
    },
    ready: () => listening,
  };
}

function started(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "the port is in use; choose another" : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

function connectionOver(socket: Socket, peer: string): Connection {
  let open = true;
  let reason: string | undefined;
  socket.setNoDelay(true);
  const connection: Connection = {
    peer,
    write(data) {
      if (!open) return;
      socket.write(data);
      if (socket.writableLength > UNREAD_BYTES) socket.destroy(new Error("the peer does not read"));
    },
    get unsent() {
      return socket.writableLength;
    },
    close() {
      if (!open) return;
      open = false;
      socket.end();
      socket.destroySoon();
    },
    onData() {},
    onClose() {},
  };
  socket.on("data", (data) => {
    if (open) connection.onData(new Uint8Array(data.buffer, data.byteOffset, data.length));
  });
  socket.on("error", (error) => {
    reason = error.message;
  });
  const ended = () => {
    if (!open) return;
    open = false;
    socket.destroySoon();
    connection.onClose(reason);
  };
  socket.on("end", ended);
  socket.on("close", ended);
  return connection;
}
