// Why a chain's server could not be had over TLS is told: once, until that changes or it is had
// again. The real module over a stand-in of the board's TLS client.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import type { secureConnect } from "../../firmware/platform/tls";
import { ROOT } from "../../tools/firmware/image";

interface Client {
  callback(message: number, value: number): void;
}

const FAILED = -2;
const CONNECTED = 1;
/** As firmware/native/tls-esp32.c numbers them. */
const OTHER_ROOT = 2;
const OTHER_NAME = 3;
const STAND_IN = "export class SocketTLS { constructor() { clients.push(this); } write() { return 0; } close() {} }";

async function moduleWith(clients: Client[]): Promise<{ secureConnect: typeof secureConnect }> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "firmware/platform/tls.ts")],
    bundle: true,
    format: "iife",
    globalName: "loaded",
    write: false,
    plugins: [
      {
        name: "stand-in",
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^socketmbedtls$/ }, () => ({ path: "socketmbedtls", namespace: "stand-in" }));
          onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({ contents: STAND_IN }));
        },
      },
    ],
  });
  return new Function("clients", `${outputFiles[0]?.text}; return loaded;`)(clients);
}

test("a server that is refused is told of with the reason, once until that changes", async () => {
  const clients: Client[] = [];
  const told: string[] = [];
  const connect = (await moduleWith(clients)).secureConnect("root", (why) => told.push(why));
  const attempt = async (message: number, value: number): Promise<string> => {
    const connection = connect("chain.example", 443);
    clients.at(-1)?.callback(message, value);
    return connection.then(
      ({ peer }) => peer,
      (error: Error) => error.message,
    );
  };
  const root = "chain.example:443: its certificate does not lead to the configured root";
  assert.equal(await attempt(FAILED, OTHER_ROOT), root);
  assert.equal(await attempt(FAILED, OTHER_ROOT), root);
  const name = await attempt(FAILED, OTHER_NAME);
  assert.match(name, /its certificate bears another name$/);
  assert.deepEqual(told, [root, name]);
  assert.equal(await attempt(CONNECTED, 0), "chain.example:443");
  await attempt(FAILED, OTHER_NAME);
  assert.deepEqual(told, [root, name, name]);
});
