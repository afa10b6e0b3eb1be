// A real broker for tests: Debian's mosquitto, on loopback.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian has it beside a user's path. */
const PATHS = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];

export const MOSQUITTO = PATHS.find((path) => existsSync(path));
export const NO_MOSQUITTO = MOSQUITTO ? false : "no mosquitto (Debian: apt-get install mosquitto)";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export class Mosquitto {
  #child: ChildProcess | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "plugpay-mosquitto-"));

  /** `user`: with the password "secret"; without, everybody is let in. */
  constructor(
    readonly port: number,
    private readonly user?: string,
  ) {}

  async start(): Promise<void> {
    const file = join(this.#folder, "mosquitto.conf");
    const passwords = join(this.#folder, "passwords");
    if (this.user !== undefined) spawnSync("mosquitto_passwd", ["-b", "-c", passwords, this.user, "secret"]);
    const access =
      this.user === undefined ? "allow_anonymous true" : `allow_anonymous false\npassword_file ${passwords}`;
    // Started by root it becomes another user, which could not read the folder.
    writeFileSync(file, `listener ${this.port} 127.0.0.1\n${access}\npersistence false\nuser root\n`);
    this.#child = spawn(MOSQUITTO ?? "", ["-c", file], { stdio: "ignore" });
    for (;;) {
      const socket = connect(this.port, "127.0.0.1");
      const isUp = await Promise.race([
        once(socket, "connect").then(() => true),
        once(socket, "error").then(() => false),
      ]).catch(() => false);
      socket.destroy();
      if (isUp) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
