// One connection of an HTTP server: reads a request, has it answered, writes the answer, and again.
//
// What may take long has its time: a whole request, the silence between two, the farewell after a
// refusal. One request is answered at a time; what is sent ahead waits, within a limit, and beyond
// it the connection ends. What was sent ahead is answered only where the answer before it is out;
// else that one is the last.

import type { Clock, Connection } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { Bytes } from "./bytes";
import type { ConnectionLimits } from "./connection-limits";
import { parseRequest } from "./heads";
import { HttpError, type RequestHead, writeMessage } from "./http";
import type { ErrorReporter, HttpAnswer, HttpHandler } from "./http-handler";
import { MessageReader, type Sink } from "./message-reader";
import { writeRefusal } from "./refusal";
import { type StoredAnswer, sendOn } from "./stored-answer";

/**
 * What all connections of a server share: a neighbour may hold several, and each field of each
 * costs heap.
 */
export interface Context<Request> {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly handler: HttpHandler<Request>;
  readonly onError: ErrorReporter;
  readonly onClose: (connection: ServerConnection<Request>) => void;
  /** The connection holds more memory than before. */
  readonly onGrowth: (connection: ServerConnection<Request>) => void;
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** So often an answer is asked whether it is out. */
const FLUSH_MS: Millisecond = 20;

function nothing(): void {}

export class ServerConnection<Request> implements Sink<RequestHead> {
  readonly address: string;
  readonly #connection: Connection;
  readonly #context: Context<Request>;
  readonly #reader: MessageReader<RequestHead>;
  #state: "idle" | "reading" | "answering" | "farewell" | "closed" = "idle";
  #since: Millisecond;
  #cancel: () => void = nothing;
  #keepAlive = false;
  /** How much of a stored answer went out; undefined while none does. */
  #sent: number | undefined;
  #request: Request | undefined;
  #refusal: HttpError | undefined;
  /** What was wrong with bytes that came while an answer was due: told after that answer. */
  #late: HttpError | undefined;
  readonly #body = new Bytes();

  constructor(connection: Connection, address: string, context: Context<Request>) {
    this.address = address;
    this.#connection = connection;
    this.#context = context;
    this.#since = context.clock.now();
    const { fields } = context.handler;
    const parse = fields ? (lines: readonly string[]) => parseRequest(lines, fields) : parseRequest;
    this.#reader = new MessageReader(parse, this, context.limits, context.limits.earlyBytes);
    connection.onData = (data) => this.receive(data);
    connection.onClose = () => this.close();
    this.idle();
  }

  /**
   * Since when nothing has been asked for; undefined while a request comes in or is answered. A
   * stored answer makes room for others.
   */
  get idleSince(): Millisecond | undefined {
    const isFree = this.#state === "idle" || this.#state === "farewell" || this.#sent !== undefined;
    return isFree ? this.#since : undefined;
  }

  /** Since when a request has been coming in; undefined at any other time. */
  get readingSince(): Millisecond | undefined {
    return this.#state === "reading" ? this.#since : undefined;
  }

  /**
   * Bytes of memory that its peer makes us keep: a request that is not whole, an answer that was
   * not taken.
   */
  get held(): number {
    return this.#body.capacity + this.#reader.capacity + (this.#connection.unsent ?? 0);
  }

  /** When the request began that it is about, or the silence after the last one. */
  get since(): Millisecond {
    return this.#since;
  }

  /** May be called twice. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#cancel();
    this.#body.take();
    this.#connection.onData = nothing;
    this.#connection.onClose = nothing;
    this.#connection.close();
    this.#context.onClose(this);
  }

  private receive(data: Uint8Array): void {
    if (this.#state === "closed" || this.#state === "farewell") return;
    if (this.#state === "idle") this.reading();
    this.guard(() => this.#reader.push(data));
    this.#context.onGrowth(this);
  }

  /** From the reader, as the two that follow: a request's head. */
  head(head: RequestHead): void {
    this.#keepAlive = head.keepAlive;
    const begun = this.#context.handler.begin(head);
    this.#refusal = begun instanceof HttpError ? begun : undefined;
    this.#request = begun instanceof HttpError ? undefined : begun;
    if (head.expectsContinue && !this.#refusal) this.#connection.write(encodeUtf8(CONTINUE));
  }

  body(chunk: Uint8Array): void {
    this.#body.add(chunk);
  }

  end(): void {
    this.answer();
  }

  private answer(): void {
    if (this.#refusal) throw this.#refusal;
    // A peer that asks again before it has read would have us keep answer upon answer. The finished
    // one still goes out.
    if ((this.#connection.unsent ?? 0) > 0) {
      this.farewell();
      return;
    }
    const { clock, limits, handler } = this.#context;
    const body = this.#body.take();
    const request = this.#request as Request;
    this.#request = undefined;
    this.#state = "answering";
    this.arm(limits.answerMs, () => this.refuse(new HttpError("timeout", "the answer took too long", 503)));
    this.#since = clock.now();
    void handler.answer(request, body, this.address).then((answer) => this.reply(answer));
  }

  private reply(answer: HttpAnswer | StoredAnswer): void {
    if (this.#state !== "answering") return;
    if ("lines" in answer) this.replyWhole(answer);
    else this.guard(() => this.replyStored(answer, 0));
  }

  private replyWhole({ lines, body }: HttpAnswer): void {
    const keepAlive = this.#keepAlive;
    this.idle();
    this.guard(() => {
      this.#connection.write(writeMessage(keepAlive ? lines : [...lines, "Connection: close"], body));
      this.#context.onGrowth(this);
      this.replied(keepAlive);
    });
  }

  private replied(keepAlive: boolean): void {
    if (!keepAlive) {
      this.lastAnswer();
      return;
    }
    if (this.#late) throw this.#late;
    this.#reader.next();
    if (this.#state === "idle" && !this.#reader.idle) this.reading();
  }

  private replyStored(answer: StoredAnswer, from: number): void {
    if (this.#state !== "answering") return;
    const { clock, limits } = this.#context;
    const sent = sendOn(this.#connection, answer, from);
    this.#sent = sent;
    if (sent < answer.length) {
      if (clock.now() - this.#since >= limits.answerMs) this.close();
      else this.arm(FLUSH_MS, () => this.guard(() => this.replyStored(answer, sent)));
      return;
    }
    this.#sent = undefined;
    this.idle();
    this.guard(() => this.replied(this.#keepAlive));
  }

  /** Runs what may meet an HttpError: the peer is told, then the connection ends. */
  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof HttpError && this.#state === "answering") this.#late = error;
      else if (error instanceof HttpError) this.refuse(error);
      else {
        this.#context.onError(error, "a connection failed");
        this.close();
      }
    }
  }

  private refuse(error: HttpError): void {
    if (this.#state === "closed" || this.#state === "farewell") return;
    try {
      this.#connection.write(writeRefusal(error, this.#context.handler.allow));
      // What its head is refused for is told once the request is whole: nothing that still comes
      // could reset the answer.
      if (error === this.#refusal && !this.#keepAlive) this.lastAnswer();
      else this.farewell();
    } catch {
      this.close();
    }
  }

  private idle(): void {
    const { clock, limits } = this.#context;
    this.#state = "idle";
    this.#since = clock.now();
    this.arm(limits.idleMs, () => this.close());
  }

  private reading(): void {
    const { clock, limits } = this.#context;
    this.#state = "reading";
    this.#since = clock.now();
    this.arm(limits.requestMs, () => {
      this.refuse(new HttpError("timeout", `expected a whole request within ${limits.requestMs} ms`, 408));
    });
  }

  /** Some clients read until the end: it comes as soon as the answer is out. */
  private lastAnswer(): void {
    this.farewell();
    this.closeWhenSent(this.#context.limits.farewellMs);
  }

  private closeWhenSent(left: Millisecond): void {
    if (this.#state === "closed") return;
    if (left <= 0 || (this.#connection.unsent ?? 0) === 0) this.close();
    else this.arm(FLUSH_MS, () => this.closeWhenSent(left - FLUSH_MS));
  }

  private farewell(): void {
    const { clock, limits } = this.#context;
    this.#state = "farewell";
    this.#since = clock.now();
    this.#body.take();
    this.arm(limits.farewellMs, () => this.close());
  }

  private arm(delay: Millisecond, action: () => void): void {
    this.#cancel();
    this.#cancel = this.#context.clock.after(delay, action);
  }
}
