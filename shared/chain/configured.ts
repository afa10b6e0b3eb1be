// The chain that a configuration names: one backend, or several behind failover. Everything is checked before anything
// is built, so a wrong line is told at start and not at the first payment.

import type { Network } from "../bitcoin/address";
import type { Chain, Clock, Dialer } from "../ports";
import { HttpClient } from "../rpc/http-client";
import type { MilliSatPerVbyte } from "../units";
import { BlockCypher } from "./blockcypher";
import { Core } from "./core";
import { Electrum } from "./electrum";
import { Esplora } from "./esplora";
import { Failover } from "./failover";

export type BackendConfig =
  | {
      readonly kind: "esplora";
      /** `https://host:port/path`, for example `https://blockstream.info/api`. */
      readonly url: string;
      readonly floor?: MilliSatPerVbyte;
      readonly incremental?: MilliSatPerVbyte;
    }
  | { readonly kind: "core"; readonly url: string; readonly user: string; readonly password: string }
  | { readonly kind: "electrum"; readonly host: string; readonly port: number; readonly secure?: boolean }
  | { readonly kind: "blockcypher"; readonly url: string; readonly token?: string };

export interface ChainConfig {
  /** In the order of trust. */
  readonly backends: readonly BackendConfig[];
  /** 2: an outpoint counts as unspent only when two backends say so. Default 1. */
  readonly quorum?: 1 | 2;
  /** Blocks within which a settlement shall confirm. Default 3. */
  readonly targetBlocks?: number;
}

export interface ChainPorts {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly network: Network;
}

/** Throws an Error that names the line of the configuration and what was expected there. */
export function configuredChain(config: ChainConfig, ports: ChainPorts): Chain {
  const { backends, quorum = 1, targetBlocks = 3 } = config;
  if (!Array.isArray(backends) || backends.length === 0) throw new Error("expected chain.backends to name a backend");
  if (quorum !== 1 && quorum !== 2) throw new Error(`expected chain.quorum to be 1 or 2, got ${String(quorum)}`);
  if (!Number.isSafeInteger(targetBlocks) || targetBlocks < 1) {
    throw new Error(`expected chain.targetBlocks to be a number of blocks, got ${String(targetBlocks)}`);
  }
  const http = new HttpClient(ports);
  const chains = backends.map((backend, i) => {
    try {
      return made(backend, { ...ports, http, targetBlocks, needsEstimate: ports.network === "mainnet" });
    } catch (error) {
      throw new Error(`chain.backends[${i}]: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  const [only] = chains;
  if (chains.length === 1 && quorum === 1 && only) return only;
  return new Failover({ backends: chains, clock: ports.clock, quorum });
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
      mustBeText(backend.user, "user");
      mustBeText(backend.password, "password");
      return new Core({ ...common, ...backend });
    case "electrum":
      mustBeText(backend.host, "host");
      if (!Number.isInteger(backend.port) || backend.port < 1 || backend.port > 65_535) {
        throw new Error(`expected a port from 1 to 65535, got ${String(backend.port)}`);
      }
      return new Electrum({ ...common, ...backend });
    case "blockcypher":
      return new BlockCypher({ ...common, ...backend });
    default:
      throw new Error(`expected a kind of esplora, core, electrum or blockcypher, got ${kindOf(backend)}`);
  }
}

function mustBeText(value: unknown, what: string): void {
  if (typeof value !== "string" || value === "") throw new Error(`expected a ${what}, got ${String(value)}`);
}

function kindOf(backend: unknown): string {
  return String((backend as { readonly kind?: unknown } | null)?.kind);
}
