// Ports of a program that takes part in the simulation beside the boards: the same network and the
// same virtual time, but it computes in no time.

import type { Clock, Connection, Dialer, Listener } from "../../../shared/kernel/ports";
import type { End, Network, Party } from "../network";
import type { Timeline } from "../timeline";

export function clockOf(timeline: Timeline): Clock {
  return {
    now: () => timeline.now,
    after: (delay, action) => timeline.at(timeline.now + delay, action),
  };
}

export function dialerOf(network: Network, party: Party): Dialer {
  return {
    connect({ host, port }) {
      return new Promise((resolve, reject) => {
        const end = network.connect(party, host, port, network.timeline.now);
        end.onEnd = (reason) => reject(new Error(`${host}:${port}: ${reason}`));
        end.onOpen = () => resolve(connectionOver(network, end));
      });
    },
  };
}

export function listenerOf(network: Network, party: Party): Listener {
  return {
    listen(port, onConnection, admits) {
      network.listen(party, port, (end) => {
        if (admits(end.remote.address)) onConnection(connectionOver(network, end));
        else network.close(end, network.timeline.now);
      });
      return () => network.unlisten(party);
    },
  };
}

function connectionOver(network: Network, end: End): Connection {
  const connection: Connection = {
    peer: `${end.remote.address}:${end.remote.port}`,
    write: (data) => network.write(end, data, network.timeline.now),
    close: () => network.close(end, network.timeline.now),
    onData: () => {},
    onClose: () => {},
  };
  end.onData = (bytes) => connection.onData(bytes);
  end.onEnd = (reason) => connection.onClose(reason);
  return connection;
}
