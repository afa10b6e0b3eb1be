// A Bitcoin node for emulated boards, in another process (chain-process.ts).

import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Satoshi } from "../../shared/kernel/units";
import { UsageError } from "./targets";
import type { Face } from "./tls-front";

export type ChainRequest =
  | { readonly fund: string; readonly amount: Satoshi }
  | { readonly mine: number }
  /** What an address has in blocks. */
  | { readonly settledTo: string }
  /** What its TLS server shows from now on. */
  | { readonly show: Face };

export interface ChainAnswer {
  /** 0: it is ready. */
  readonly id: number;
  readonly value?: number;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

export class Chain {
  /** Why there is no chain any more. */
  ended: string | undefined;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  /**
   * Its Esplora server answers on 127.0.0.1:`port`; 0 takes a free one. Gives that port too. With
   * `secure` it speaks TLS there and is certified by that name.
   */
  static async start(port: number, secure?: string): Promise<readonly [Chain, number]> {
    const chain = new Chain(port, secure);
    return [chain, await chain.answer(0)];
  }

  private constructor(port: number, secure: string | undefined) {
    const given = [String(port), ...(secure === undefined ? [] : [secure])];
    this.#child = fork(join(import.meta.dirname, "chain-process.ts"), given);
    this.#child.on("message", ({ id, value, error }: ChainAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error !== undefined) waiting?.reject(new Error(error));
      else waiting?.resolve(value ?? 0);
    });
    this.#child.on("exit", (code, signal) => {
      this.ended = `the chain's process ended (${code ?? signal}); what it said is above. Is port ${port} free, and were the native modules built (npm rebuild)?`;
      for (const { reject } of this.#waiting.values()) reject(new UsageError(this.ended));
      this.#waiting.clear();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  ask(request: ChainRequest): Promise<number> {
    const id = ++this.#next;
    if (!this.#child.connected) return Promise.reject(new UsageError(this.ended ?? "the chain's process ends"));
    // It may end while this is on its way; then the process's end says so.
    this.#child.send({ id, request }, () => {});
    return this.answer(id);
  }

  close(): void {
    this.#child.removeAllListeners("exit");
    this.#child.kill();
  }

  private answer(id: number): Promise<number> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}
