// Guards of what a socket says to strangers: to peers that flood it, and of chains that others
// fill.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test: string, proves?: string): Mutation {
  return { name, file: `shared/${file}.ts`, from, to, tests: [`host-tests/${test}.test.ts`], proves };
}

export const LINK: readonly Mutation[] = [
  mutation(
    "one-list-is-a-quorum",
    "chain/failover",
    "first.coins.filter((coin) => second.coins.some((other) => isSame(coin, other)))",
    "first.coins",
    "chain/failover",
  ),
  {
    name: "direct-other-client",
    file: "firmware/native/direct-frames.c",
    from: "return of_socket && segment_of(",
    to: "return segment_of(",
    tests: ["host-tests/firmware/direct-frames.test.ts"],
    proves: "a cable hears no other client, whatever that one says it is",
  },
  {
    name: "direct-one-port",
    file: "firmware/native/direct-frames.c",
    from: "&& tcp.to_port == socket->port",
    to: "",
    tests: ["host-tests/firmware/direct-frames.test.ts"],
    proves:
      "an access point takes no other port, no datagram, ping, multicast, IPv6 or fragment, and nothing for another address",
  },
  mutation("direct-probes", "link/direct-radio", "if (orders.isDisputed()) return false;", "", "link/direct-radio"),
  mutation(
    "direct-who-sends",
    "link/direct-radio",
    'if (turn !== this.#turn) throw new Error("The radio was told otherwise meanwhile.");',
    "",
    "link/direct-radio",
  ),
  mutation(
    "held-bytes",
    "net/http-server",
    "while (this.heldBytes > this.#options.limits.heldBytes)",
    "while (false)",
    "rpc/server",
    "unfinished requests and unread answers of a crowd stay within the budget; the oldest make room for the latest",
  ),
  mutation(
    "coins-largest-kept",
    "chain/largest-coins",
    "if (amount <= (coins[this.#limit - 1]?.amount ?? 0)) return;",
    "if (coins.length >= this.#limit) return;",
    "chain/dust",
    "finds the one good coin among 400",
  ),
  mutation(
    "spender-not-read",
    "chain/electrum",
    'if (transaction === "too-large") unread.push(past);',
    'if (transaction === "too-large") continue;',
    "chain/electrum",
    "is not read where its transaction is too large for a microcontroller, and its block counts all the same",
  ),
  mutation(
    "scan-one-at-a-time",
    "chain/core",
    "if (this.#isScanning) throw scanningAlready(this.#node);",
    "",
    "chain/core",
    "a second one is refused at once while the first runs, and all other questions are answered meanwhile",
  ),
  mutation(
    "connections-of-one-address",
    "net/http-server",
    "if (own.length >= limits.connectionsPerPeer) return this.makeRoom(own);",
    "",
    "rpc/server",
    "connections from one address are limited, and others are still served",
  ),
  mutation(
    "connects-of-one-address",
    "net/admission",
    "if (bucket.connects < 1) return false;",
    "",
    "rpc/server",
    "an address that connects too often is closed before anything is built for it, and others are still served",
  ),
  mutation(
    "connects-of-strangers",
    "net/admission",
    "if (payer !== undefined && address !== payer && !this.takeStranger()) return false;",
    "",
    "rpc/server",
    "while a cable pays, all others together connect within one rate, however many addresses they have",
  ),
  mutation(
    "payer-keeps-its-place",
    "net/http-server",
    "address === payer ? all : all.filter((one) => one.address !== payer)",
    "all",
    "rpc/server",
    "a connection of the cable that pays makes room for its own only",
  ),
  mutation(
    "trickler-makes-room",
    "net/http-server",
    " ?? (isSlow ? slow : undefined)",
    "",
    "rpc/server",
    "a peer whose request trickles in makes room too, so that many addresses shut nobody out",
  ),
];
