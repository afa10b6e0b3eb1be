// The two ways to a device's owner's side: by HTTP with Digest, and by the serial port.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { OWNER, REALM, secretOf } from "../../shared/owner/credentials";
import { responseOf } from "../../shared/owner/digest";
import { UsageError } from "../firmware/targets";

export interface Request {
  readonly jsonrpc: "2.0";
  readonly id: number;
  readonly method: string;
  readonly params?: object;
}

export interface Answer {
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly why?: string; readonly problems?: readonly { name: string; why: string }[] };
  };
}

export interface Way {
  ask(request: Request): Promise<Answer>;
  close(): void;
}

const BAUD = 115_200;
const LONGEST_MS = 20_000;
/** A device takes few requests a second; one that was too early comes again. */
const PATIENT_TRIES = 5;
/** A longer pause is for a wrong password. */
const LONGEST_PAUSE_S = 3;
/** Sooner no board tells that it has just started. */
const OLD_MS = 100;
/** A board that has just started takes no line yet. */
const BOOT_MS = 3000;

// ---------------------------------------------------------------- HTTP

/** `host`: with its port where that is not 8081. */
export function httpWay(host: string, password: string): Way {
  const url = `http://${host.includes(":") ? host : `${host}:8081`}/owner`;
  const secret = secretOf(password);
  /** Good for a few minutes; each of its counts once. */
  let nonce: string | undefined;
  let count = 0;
  const challenged = async (): Promise<string> => {
    // The body goes with the password's proof only.
    const answer = await post(url, "{}");
    const given = /nonce="([^"]+)"/.exec(answer.headers.get("www-authenticate") ?? "")?.[1];
    if (answer.status !== 401 || given === undefined) throw refusal(url, answer.status, await answer.text());
    await answer.arrayBuffer();
    count = 0;
    return given;
  };
  const proven = (known: string): string => {
    const nc = (++count).toString(16).padStart(8, "0");
    const claim = { nonce: known, nc, cnonce: randomBytes(12).toString("hex"), qop: "auth", uri: "/owner" };
    const response = responseOf(secret, "POST", claim);
    const fields = `username="${OWNER}", realm="${REALM}", nonce="${known}", uri="/owner", cnonce="${claim.cnonce}", response="${response}"`;
    return `Digest ${fields}, nc=${nc}, qop=auth, algorithm=SHA-256`;
  };
  return {
    ask: async (request) => {
      const body = JSON.stringify(request);
      nonce ??= await challenged();
      let answer = await post(url, body, proven(nonce));
      if (answer.status === 401 && /stale=true/i.test(answer.headers.get("www-authenticate") ?? "")) {
        nonce = await challenged();
        answer = await post(url, body, proven(nonce));
      }
      if (answer.status === 401) throw new UsageError(`${url}: the password is wrong`);
      if (answer.status !== 200) throw refusal(url, answer.status, await answer.text());
      return (await answer.json()) as Answer;
    },
    close: () => {},
  };
}

/** Asks; where the device says that it is too often, again when it says. */
async function post(url: string, body: string, authorization?: string): Promise<Response> {
  for (let left = PATIENT_TRIES; ; left--) {
    const answer = await fetch(url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", ...(authorization && { Authorization: authorization }) },
      signal: AbortSignal.timeout(LONGEST_MS),
    }).catch((error: Error) => {
      throw new UsageError(`${url} does not answer (${(error.cause as Error | undefined)?.message ?? error.message})`);
    });
    const seconds = Number(answer.headers.get("retry-after") ?? 1);
    if (answer.status !== 429 || left <= 1 || !(seconds <= LONGEST_PAUSE_S)) return answer;
    await answer.arrayBuffer();
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

function refusal(url: string, status: number, text: string): UsageError {
  return new UsageError(`${url} answered ${status}: ${text.trim()}`);
}

// ---------------------------------------------------------------- serial

/**
 * Opens a serial port, or a simulated device's pseudo-terminal. `say` is told what a person should
 * know.
 */
export function serialWay(path: string, say: (text: string) => void): Way {
  let descriptor: number;
  try {
    // Without HUPCL, DTR and RTS stay as they are when it is closed; when it is opened first both
    // rise, which leaves most boards alone.
    const file = process.platform === "darwin" ? "-f" : "-F";
    spawnSync("stty", [file, path, String(BAUD), "raw", "-echo", "-hupcl", "clocal"], { stdio: "ignore" });
    descriptor = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    throw new UsageError(
      `${path} does not open (${(error as Error).message}): is the board connected, may you use it (group dialout)?`,
    );
  }
  const stream = new ReadStream(descriptor);
  return {
    ask: (request) => asked(stream, descriptor, request, say),
    close: () => stream.destroy(),
  };
}

function asked(stream: ReadStream, descriptor: number, request: Request, say: (text: string) => void): Promise<Answer> {
  // A line end first ends whatever was typed before.
  const send = (): void => write(descriptor, `\n${JSON.stringify(request)}\n`);
  return new Promise((resolve, reject) => {
    let rest = "";
    const timer = setTimeout(() => {
      end();
      reject(new UsageError("no answer: is it a plugpay board, and no other program at its port?"));
    }, LONGEST_MS);
    const end = (): void => {
      clearTimeout(timer);
      stream.off("data", take);
    };
    const line = (text: string): void => {
      // A board that restarts leaves half a line; what follows begins in the middle.
      const answer = parsed(text, '{"jsonrpc"');
      if (answer && answer.id === request.id) {
        end();
        resolve(answer as Answer);
      } else if (parsed(text, '{"name":"boot"')) {
        say("The board has just started: opening the port restarts it (DTR, RTS). It is asked again in a moment.");
        setTimeout(send, BOOT_MS);
      }
    };
    const take = (data: Buffer): void => {
      const lines = (rest + data.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const each of lines) line(each);
    };
    stream.once("error", (error) => {
      end();
      reject(error);
    });
    // What was told before the port was opened, and was kept for whoever opens it, is old.
    stream.resume();
    setTimeout(() => {
      stream.on("data", take);
      send();
    }, OLD_MS);
  });
}

function parsed(line: string, begin: string): Record<string, unknown> | undefined {
  const start = line.lastIndexOf(begin);
  if (start < 0) return undefined;
  try {
    return JSON.parse(line.slice(start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function write(descriptor: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
