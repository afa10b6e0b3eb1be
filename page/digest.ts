// The asking side of HTTP Digest (RFC 7616, SHA-256, qop=auth), in JavaScript: plain HTTP has no
// crypto.subtle, not every browser knows SHA-256 in Digest, and what a browser keeps it would send
// along with any site's form.

import { OWNER, REALM, secretOf } from "../shared/owner/credentials";
import { responseOf } from "../shared/owner/digest";
import { type Way, WayError } from "./way";

const PATH = "/owner";
const ANSWER_MS = 10_000;
/** A nonce that is too old is answered by a new one. */
const MOST_NONCES = 3;

/** As much of `fetch` as is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface DigestOptions {
  readonly password: string;
  /** Where the device is; "" for a page that it served itself. */
  readonly origin?: string;
  readonly fetch: Fetch;
  /** 16 random bytes. */
  readonly random: () => Uint8Array;
}

export class DigestWay implements Way {
  readonly isSerial = false;
  readonly #options: DigestOptions;
  /** RFC 7616's H(A1): the password itself is not kept. */
  readonly #secret: string;
  #nonce: string | undefined;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ password, ...options }: DigestOptions) {
    this.#options = { password: "", ...options };
    this.#secret = secretOf(password);
  }

  /** One after the other: a device has few connections. */
  send(request: string): Promise<string> {
    const sent = this.#last.then(() => this.sendNow(request));
    this.#last = sent.catch(() => {});
    return sent;
  }

  private async sendNow(request: string): Promise<string> {
    for (let left = MOST_NONCES; left > 0; left--) {
      const nonce = this.#nonce;
      const answer = await this.ask(request, nonce === undefined ? undefined : this.authorization(nonce));
      if (answer.status === 200) return this.textOf(answer);
      if (answer.status === 429) throw waiting(answer);
      if (answer.status !== 401) throw new WayError("odd", `the device refused it: ${await this.textOf(answer)}`);
      const challenge = challengeIn(answer.headers.get("WWW-Authenticate") ?? "");
      if (!challenge) throw new WayError("odd", "expected a Digest challenge of SHA-256");
      this.#nonce = challenge.nonce;
      this.#count = 0;
      if (nonce !== undefined && !challenge.isStale) {
        this.#nonce = undefined;
        throw new WayError("password", "the password is wrong");
      }
    }
    throw new WayError("odd", "the device takes none of its own nonces");
  }

  private async ask(body: string, authorization: string | undefined): Promise<Response> {
    const { fetch, origin = "" } = this.#options;
    try {
      return await fetch(`${origin}${PATH}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(authorization && { Authorization: authorization }) },
        body,
        // Without this a browser would ask for the password itself, and keep it.
        credentials: "omit",
        redirect: "error",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    } catch {
      throw new WayError("lost", "the device does not answer");
    }
  }

  private async textOf(answer: Response): Promise<string> {
    try {
      return await answer.text();
    } catch {
      throw new WayError("lost", "the device's answer broke off");
    }
  }

  private authorization(nonce: string): string {
    const nc = (++this.#count).toString(16).padStart(8, "0");
    const cnonce = [...this.#options.random()].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const response = responseOf(this.#secret, "POST", { nonce, nc, cnonce, qop: "auth", uri: PATH });
    return `Digest username="${OWNER}", realm="${REALM}", nonce="${nonce}", uri="${PATH}", cnonce="${cnonce}", nc=${nc}, qop=auth, response="${response}", algorithm=SHA-256`;
  }
}

function waiting(answer: Response): WayError {
  const seconds = Number(answer.headers.get("Retry-After") ?? 1);
  const waitMs = (Number.isFinite(seconds) ? seconds : 1) * 1000;
  return new WayError("wait", `the device wants a pause of ${waitMs / 1000} s`, waitMs);
}

function challengeIn(field: string): { readonly nonce: string; readonly isStale: boolean } | undefined {
  if (!/^Digest /i.test(field) || !/algorithm="?SHA-256"?(,|$)/i.test(field)) return undefined;
  const nonce = /\bnonce="([^"]+)"/i.exec(field)?.[1];
  return nonce === undefined ? undefined : { nonce, isStale: /\bstale="?true/i.test(field) };
}
