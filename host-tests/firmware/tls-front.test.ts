// The TLS server before the emulated chain: each face is wrong in the one point that it says, as
// OpenSSL sees it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type PeerCertificate, checkServerIdentity as serverIdentity } from "node:tls";
import { ROOT } from "../../tools/firmware/image";
import { FACES, TlsFront } from "../../tools/firmware/tls-front";

const ca = readFileSync(join(ROOT, "tools/firmware/emulated/root.pem"), "utf8");
const behind = createServer((_, response) => response.end("100"));
let front: TlsFront;

before(async () => {
  await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
  front = await TlsFront.start("169.254.0.2", (behind.address() as AddressInfo).port, 0);
});
after(async () => {
  await front.close();
  behind.close();
});

/** By the name that boards call, whatever is called here. */
const checkServerIdentity = (_: string, shown: PeerCertificate): Error | undefined =>
  serverIdentity("169.254.0.2", shown);

/** What a client that pins the root gets from the server, or the name of what it does not like. */
function seen(): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: front.port, agent: false, ca, checkServerIdentity };
    request(options, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .on("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message))
      .end();
  });
}

test("the server shows what it says: right, or wrong in one point", { timeout: 20_000 }, async () => {
  const met: Record<string, string> = {};
  for (const face of FACES) {
    await front.show(face);
    met[face] = await seen();
  }
  assert.deepEqual(met, {
    right: "100",
    "another root": "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "another name": "ERR_TLS_CERT_ALTNAME_INVALID",
    expired: "CERT_HAS_EXPIRED",
    away: "ECONNREFUSED",
  });
  await front.show("right");
  assert.equal(await seen(), "100");
});
