// The chain that a configuration names: one backend, or several behind failover. Everything is
// checked before anything is built, so a wrong line is told at start and not at the first payment.

import type { Network } from "../bitcoin/address";
import type { Chain, Clock, Dialer } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { HttpClient } from "../net/http-client";
import { CHAIN_TABLE } from "../settings/chain";
import { missing, problems, refuse } from "../settings/check";
import type { GivenOf } from "../settings/types";
import { BlockCypher } from "./blockcypher";
import { Core } from "./core";
import { Electrum } from "./electrum";
import { Esplora } from "./esplora";
import { Failover } from "./failover";

export type ChainConfig = GivenOf<typeof CHAIN_TABLE>;
type BackendConfig = ChainConfig["backends"][number];

export interface ChainPorts {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly network: Network;
}

/**
 * The connection to a server outlives the pause between two questions about tip and fee rates.
 * Servers commonly wait longer than that, and where one closes it earlier what may be asked twice
 * is asked on a new one.
 */
const KEPT_WARM: Millisecond = 60_000;

/**
 * Throws an Error that names each wrong line of the configuration, what was expected there and what
 * came.
 */
export function configuredChain(config: ChainConfig, ports: ChainPorts): Chain {
  refuse([...problems(CHAIN_TABLE, config, "chain"), ...missing(CHAIN_TABLE, config, "chain")]);
  const { backends, quorum = 1, targetBlocks = 3 } = config;
  const http = new HttpClient({ ...ports, idleMs: KEPT_WARM });
  const needsEstimate = ports.network === "mainnet";
  const chains = backends.map((backend) => made(backend, { ...ports, http, targetBlocks, needsEstimate }));
  const [only] = chains;
  if (chains.length === 1 && quorum === 1 && only) return only;
  return new Failover({ backends: chains, clock: ports.clock, quorum: quorum === 2 ? 2 : 1 });
}

type Common = ChainPorts & {
  readonly http: HttpClient;
  readonly targetBlocks: number;
  readonly needsEstimate: boolean;
};

function made(backend: BackendConfig, common: Common): Chain {
  switch (backend.kind) {
    case "esplora":
      return new Esplora({ ...common, ...backend });
    case "core":
      return new Core({ ...common, ...backend });
    case "electrum":
      return new Electrum({ ...common, ...backend });
    case "blockcypher":
      return new BlockCypher({ ...common, ...backend });
  }
}
