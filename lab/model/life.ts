// A device's power: while it is on its ports work, and when it goes every port of that life is dead
// for good. A device is started again with the same store and circuit, and new ports.
//
// The code of a dead device may run on to the end of its function, as nothing can stop it; but
// nothing it does reaches anybody, and its memory is never looked at again. To the outside that is
// a power cut.

import type { Chain, Clock, PowerGate, Reporter, Store } from "../../shared/kernel/ports";
import type { ChannelCalls } from "../../shared/protocol/channel";
import type { SocketCalls } from "../../shared/protocol/types";

export class Life {
  alive = true;

  end(): void {
    this.alive = false;
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (delay, action) => clock.after(delay, () => this.run(action)),
    };
  }

  store(store: Store): Store {
    return {
      read: (key) => store.read(key),
      write: (key, value) => this.run(() => store.write(key, value)),
      remove: (key) => this.run(() => store.remove(key)),
    };
  }

  /** What JavaScript does to the gate; the gate's own life is the circuit's. */
  gate(gate: PowerGate): PowerGate {
    const life = this;
    return {
      grant: (lease) => this.run(() => gate.grant(lease)),
      revoke: () => this.run(() => gate.revoke()),
      clear: () => this.run(() => gate.clear()),
      restore: (total) => this.run(() => gate.restore(total)),
      read: () => gate.read(),
      get onEvent() {
        return gate.onEvent;
      },
      set onEvent(action) {
        if (life.alive) gate.onEvent = (event) => life.run(() => action(event));
      },
    };
  }

  chain(chain: Chain): Chain {
    const { wouldTake, isReward, watch, listing, canTest, newsAge } = chain;
    return {
      utxos: (script, limit) => this.ask(() => chain.utxos(script, limit)),
      ...(listing
        ? { listing: (script, limit, anew) => this.ask(() => listing.call(chain, script, limit, anew)) }
        : {}),
      ...(canTest === undefined ? {} : { canTest }),
      ...(newsAge === undefined ? {} : { newsAge }),
      outspend: (outpoint) => this.ask(() => chain.outspend(outpoint)),
      broadcast: (hex) => this.ask(() => chain.broadcast(hex)),
      ...(wouldTake ? { wouldTake: (hex) => this.ask(() => wouldTake.call(chain, hex)) } : {}),
      ...(isReward ? { isReward: (coin) => this.ask(() => isReward.call(chain, coin)) } : {}),
      status: (txid) => this.ask(() => chain.status(txid)),
      feeRates: () => this.ask(() => chain.feeRates()),
      tip: () => this.ask(() => chain.tip()),
      ...(watch ? { watch: (script, onChange) => watch.call(chain, script, () => this.run(onChange)) } : {}),
    };
  }

  socket(socket: SocketCalls): SocketCalls {
    return {
      getStatus: (request, peer) => this.ask(() => socket.getStatus(request, peer)),
      powerRequest: (request, peer) => this.ask(() => socket.powerRequest(request, peer)),
      payTransaction: (request, peer) => this.ask(() => socket.payTransaction(request, peer)),
      channels: socket.channels && this.channels(socket.channels),
    };
  }

  private channels(calls: ChannelCalls): ChannelCalls {
    return {
      request: (request, peer) => this.ask(() => calls.request(request, peer)),
      pay: (payment, peer) => this.ask(() => calls.pay(payment, peer)),
    };
  }

  report(report: Reporter): Reporter {
    return (event) => this.run(() => report(event));
  }

  /** Does something of this life, or nothing once it is over. */
  run(action: () => void): void {
    if (this.alive) action();
  }

  /** An answer that comes back to a device that is off by then reaches nobody. */
  private ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.alive) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      question().then(
        (answer) => {
          if (this.alive) resolve(answer);
        },
        (error: unknown) => {
          if (this.alive) reject(error);
        },
      );
    });
  }
}
