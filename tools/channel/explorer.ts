// What the owner's commands ask an Esplora server, over Node's own HTTP: six questions and a
// broadcast.

import type { Coin } from "../../shared/kernel/ports";
import { UsageError } from "../command";

const ANSWERS_WITHIN_MS = 20_000;

export interface FundingFacts {
  /** Height of its block; undefined while none holds it. */
  readonly height: number | undefined;
  /** Who spent the deposit; undefined while nobody did. */
  readonly spentBy: string | undefined;
  /** True once that spend is in a block: nothing takes its place any more. */
  readonly isSpendMined?: boolean;
}

export class Explorer {
  constructor(private readonly base: string) {}

  async tip(): Promise<number> {
    return Number(await this.text("/blocks/tip/height"));
  }

  /** The transaction's bytes, in hexadecimal. */
  async transaction(txid: string): Promise<string> {
    return (await this.text(`/tx/${txid}/hex`)).trim();
  }

  async funding(txid: string): Promise<FundingFacts> {
    const status = JSON.parse(await this.text(`/tx/${txid}/status`)) as { confirmed: boolean; block_height?: number };
    const spend = JSON.parse(await this.text(`/tx/${txid}/outspend/0`)) as {
      spent: boolean;
      txid?: string;
      status?: { confirmed: boolean };
    };
    return {
      height: status.confirmed ? status.block_height : undefined,
      spentBy: spend.spent ? (spend.txid ?? "a transaction that the server does not name") : undefined,
      isSpendMined: spend.spent && spend.status?.confirmed !== false,
    };
  }

  /** Coins of an address that are in a block. */
  async coins(address: string): Promise<readonly Coin[]> {
    const listed = JSON.parse(await this.text(`/address/${address}/utxo`)) as readonly {
      txid: string;
      vout: number;
      value: number;
      status: { confirmed: boolean };
    }[];
    return listed
      .filter(({ status }) => status.confirmed)
      .map(({ txid, vout, value }) => ({ txid, vout, amount: value }));
  }

  /**
   * In thousandths of a satoshi a vbyte, for a block within an hour; undefined where the server has
   * no estimate.
   */
  async rate(): Promise<number | undefined> {
    const estimates = JSON.parse(await this.text("/fee-estimates")) as Record<string, number>;
    const within = estimates["6"];
    return within === undefined ? undefined : Math.ceil(within * 1000);
  }

  async send(transaction: string): Promise<string> {
    return (await this.text("/tx", transaction)).trim();
  }

  /** Throws a UsageError that says what the server answered. */
  private async text(path: string, body?: string): Promise<string> {
    const url = this.base.replace(/\/$/, "") + path;
    let answer: Response;
    try {
      answer = await fetch(url, {
        method: body === undefined ? "GET" : "POST",
        ...(body === undefined ? {} : { body, headers: { "Content-Type": "text/plain" } }),
        signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error };
      throw new UsageError(`no answer from ${url}: ${cause?.message ?? message}`);
    }
    const said = await answer.text();
    if (!answer.ok) throw new UsageError(`${url} answered ${answer.status}: ${said.slice(0, 300).trim()}`);
    return said;
  }
}
