// The Clock and Dialer ports on Node.js, for tools and tests that talk to real servers on loopback.

import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { connect as connectTls } from "node:tls";
import type { Clock, Connection, Dialer } from "../../shared/ports";

export const wallClock: Clock = {
  now: () => Math.floor(performance.now()),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};

export const tcpDialer: Dialer = {
  connect: ({ host, port, secure }) =>
    new Promise((resolve, reject) => {
      const socket = secure ? connectTls({ host, port, servername: host }) : connect({ host, port });
      const fail = (error: Error): void => reject(new Error(`cannot reach ${host}:${port}: ${error.message}`));
      socket.once("error", fail);
      socket.once(secure ? "secureConnect" : "connect", () => {
        socket.removeListener("error", fail);
        let error: string | undefined;
        let isOurs = false;
        const connection: Connection = {
          peer: `${host}:${port}`,
          write: (data) => void socket.write(data),
          close: () => {
            isOurs = true;
            socket.destroy();
          },
          onData: () => {},
          onClose: () => {},
        };
        socket.on("data", (data: Buffer) => isOurs || connection.onData(data));
        socket.on("error", (cause) => {
          error = cause.message;
        });
        socket.on("end", () => socket.destroy());
        socket.on("close", () => isOurs || connection.onClose(error));
        resolve(connection);
      });
    }),
};
