// A TLS server before the chain's server, as a public one has it: what it shows can be right, or
// wrong in one point.

import { connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { certificateFor, type Shown } from "./certificates";

export const FACES = ["right", "another root", "another name", "expired", "away"] as const;
/** What the server shows; "away": connections are refused. */
export type Face = (typeof FACES)[number];

const DAY_MS = 86_400_000;

export class TlsFront {
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /**
   * `name`: by which the boards know it. `behind`: the port of the server that answers. `port`: 0
   * takes a free one.
   */
  static async start(name: string, behind: number, port: number): Promise<TlsFront> {
    const front = new TlsFront(name, behind);
    front.#port = port;
    await front.show("right");
    return front;
  }

  private constructor(
    readonly name: string,
    readonly behind: number,
  ) {}

  get port(): number {
    return this.#port;
  }

  /** Ends all connections; from now on new ones see `face`. */
  async show(face: Face): Promise<void> {
    await this.close();
    if (face === "away") return;
    const server = createServer(shownFor(face, this.name), (secure) => this.lead(secure));
    server.on("connection", (socket: Socket) => this.keep(socket));
    // A board that does not like what it sees hangs up.
    server.on("tlsClientError", () => {});
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && new Promise((resolve) => server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  private lead(secure: Socket): void {
    const plain = connect(this.behind, "127.0.0.1");
    this.keep(plain);
    secure.pipe(plain).pipe(secure);
    secure.on("error", () => plain.destroy()).on("close", () => plain.destroy());
    plain.on("close", () => secure.destroy());
  }

  private keep(socket: Socket): void {
    this.#open.add(socket);
    socket.on("error", () => {}).on("close", () => this.#open.delete(socket));
  }
}

function shownFor(face: Face, name: string): Shown {
  return certificateFor({
    name: face === "another name" ? "somewhere.example" : name,
    signer: face === "another root" ? "stranger" : "intermediate",
    until: new Date(Date.now() + (face === "expired" ? -1 : 30) * DAY_MS),
  });
}
