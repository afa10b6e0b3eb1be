// JSON-RPC 2.0, the asking side.

import { type Way, WayError } from "./way";

export interface Problem {
  readonly name: string;
  readonly why: string;
}

/** The device understood and said no. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(
    readonly code: number,
    why: string,
    readonly problems: readonly Problem[] = [],
  ) {
    super(why);
  }
}

export interface Call {
  readonly method: string;
  readonly params?: object;
}

interface Answer {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code?: number;
    readonly message?: string;
    readonly data?: { readonly why?: string; readonly problems?: readonly Problem[] };
  };
}

export class Rpc {
  #id = 0;

  constructor(readonly way: Way) {}

  /** Rejects with a WayError or a Refusal. */
  async call<T>(method: string, params?: object): Promise<T> {
    const [answer] = await this.all([{ method, ...(params && { params }) }]);
    if (answer instanceof Refusal) throw answer;
    return answer as T;
  }

  /** One request for several calls; each answer is its result, or the Refusal. */
  async all(calls: readonly Call[]): Promise<readonly unknown[]> {
    const first = this.#id + 1;
    this.#id += calls.length;
    const requests = calls.map((call, at) => ({ jsonrpc: "2.0", id: first + at, ...call }));
    const text = await this.way.send(JSON.stringify(requests.length === 1 ? requests[0] : requests));
    const answers = answersIn(text);
    return requests.map(({ id }) => resultOf(answers.find((answer) => answer?.id === id) ?? answers[0]));
  }
}

function answersIn(text: string): readonly (Answer | undefined)[] {
  try {
    const given: unknown = JSON.parse(text);
    return Array.isArray(given) ? given : [given as Answer];
  } catch {
    throw new WayError("odd", "expected JSON from the device");
  }
}

function resultOf(answer: Answer | null | undefined): unknown {
  if (!answer || typeof answer !== "object") throw new WayError("odd", "expected an answer of JSON-RPC");
  const { error } = answer;
  if (!error) return answer.result;
  return new Refusal(Number(error.code), String(error.data?.why ?? error.message ?? "refused"), error.data?.problems);
}
