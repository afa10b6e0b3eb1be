// Digest authentication with SHA-256: RFC 7616's own example, and what its sections on attacks ask
// for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { Attempts } from "../../shared/owner/attempts";
import { hashOf, secretOf } from "../../shared/owner/credentials";
import { challenge, readDigest, responseOf, verifyDigest } from "../../shared/owner/digest";
import { Nonces } from "../../shared/owner/nonces";

const PASSWORD = "a good password";

function header(
  nonces: Nonces,
  { nonce = nonces.make(), nc = "00000001", cnonce = "c0ffee", uri = "/owner", ...other } = {},
) {
  const asked = { nonce, nc, cnonce, qop: "auth", uri };
  const response = responseOf(secretOf(PASSWORD), "POST", asked);
  const fields = { username: "owner", realm: "plugpay", response, algorithm: "SHA-256", ...asked, ...other };
  const bare = ["algorithm", "qop", "nc"];
  return `Digest ${Object.entries(fields)
    .map(([name, value]) => (bare.includes(name) ? `${name}=${value}` : `${name}="${value}"`))
    .join(", ")}`;
}

function verdict(nonces: Nonces, field: string, method = "POST", target = "/owner"): string {
  const claim = readDigest(field);
  return claim ? verifyDigest(claim, { method, target, secret: secretOf(PASSWORD), nonces }) : "unread";
}

function begin() {
  const clock = new VirtualClock();
  return { clock, nonces: new Nonces(clock, new Uint8Array(32).fill(3)) };
}

test("the response of RFC 7616, section 3.9.1, with SHA-256", () => {
  const field = `Digest username="Mufasa",
       realm="http-auth@example.org",
       uri="/dir/index.html",
       algorithm=SHA-256,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       nc=00000001,
       cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
       qop=auth,
       response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const claim = readDigest(field);
  assert.ok(claim);
  const secret = hashOf("Mufasa:http-auth@example.org:Circle of Life");
  assert.equal(responseOf(secret, "GET", claim), claim.response);
});

describe("a claim", () => {
  test("is right once, with a nonce of this device's", () => {
    const { nonces } = begin();
    const field = header(nonces);
    assert.equal(verdict(nonces, field), "right");
    assert.equal(verdict(nonces, field), "again");
  });

  const wrong: readonly (readonly [what: string, field: (nonces: Nonces) => string])[] = [
    ["another user", (nonces) => header(nonces, { username: "Owner" } as object)],
    ["another realm", (nonces) => header(nonces, { realm: "elsewhere" } as object)],
    ["another password", (nonces) => header(nonces, { response: "0".repeat(64) } as object)],
    ["another algorithm", (nonces) => header(nonces, { algorithm: "MD5" } as object)],
    ["a quality that covers the body, which we do not have", (nonces) => header(nonces, { qop: "auth-int" } as object)],
    ["another path than the request's", (nonces) => header(nonces, { uri: "/other" })],
    ["a nonce of another run", () => header(new Nonces(new VirtualClock(), new Uint8Array(32).fill(4)))],
    ["a nonce that somebody made up", (nonces) => header(nonces, { nonce: "0".repeat(50) })],
    ["no nonce", (nonces) => header(nonces, { nonce: "" })],
  ];
  for (const [what, field] of wrong)
    test(`is wrong with ${what}`, () => {
      const { nonces } = begin();
      assert.equal(verdict(nonces, field(nonces)), "wrong");
    });

  test("is wrong for another method than it was made for", () => {
    const { nonces } = begin();
    assert.equal(verdict(nonces, header(nonces), "GET"), "wrong");
  });

  const unread: readonly (readonly [what: string, field: string])[] = [
    ["Basic", "Basic b3duZXI6c2VjcmV0"],
    ["nothing", ""],
    ["no parts", "Digest "],
    ["a part twice", 'Digest username="owner", username="other"'],
    ["a quote that does not end", 'Digest username="owner'],
    ["a short response", 'Digest username="owner", uri="/owner", cnonce="c", nc=00000001, response="00"'],
    ["a count that is none", `Digest uri="/owner", cnonce="c", nc=0000000g, response="${"0".repeat(64)}"`],
    ["more than anybody needs", `Digest username="${"o".repeat(2000)}"`],
    ["commas", `Digest ${",".repeat(300)}`],
    ["a name that objects have", 'Digest __proto__="x"'],
  ];
  for (const [what, field] of unread)
    test(`is not read with ${what}`, () => assert.equal(verdict(begin().nonces, field), "unread"));

  test("may have escapes in quotes, and blanks about", () => {
    const claim = readDigest(
      `dIgEsT  username = "o\\"w\\\\ner" ,uri="/owner",cnonce="a,b", nc=0000000A, response="${"AB".repeat(32)}"`,
    );
    assert.deepEqual(
      [claim?.username, claim?.cnonce, claim?.nc, claim?.response],
      ['o"w\\ner', "a,b", "0000000a", "ab".repeat(32)],
    );
  });
});

describe("a nonce", () => {
  test("is stale after five minutes, for who knows the password; for others it is wrong", async () => {
    const { clock, nonces } = begin();
    const nonce = nonces.make();
    await clock.run(300_001);
    assert.equal(verdict(nonces, header(nonces, { nonce })), "stale");
    assert.equal(verdict(nonces, header(nonces, { nonce, response: "0".repeat(64) } as object)), "wrong");
    assert.match(challenge(nonces.make(), true), /stale=true/);
  });

  test("has counts that may overtake each other, within a window, and never come twice", () => {
    const { nonces } = begin();
    const nonce = nonces.make();
    const counts: readonly (readonly [nc: number, verdict: string])[] = [
      [1, "right"],
      [3, "right"],
      [2, "right"],
      [2, "again"],
      [40, "right"],
      [9, "right"],
      [8, "again"],
      [9, "again"],
      [1000, "right"],
      [1000, "again"],
      [969, "right"],
      [968, "again"],
      [0, "again"],
    ];
    for (const [nc, expected] of counts)
      assert.equal(verdict(nonces, header(nonces, { nonce, nc: nc.toString(16).padStart(8, "0") })), expected, `${nc}`);
  });

  test("whose counts were forgotten to make room is stale, not good again", () => {
    const { nonces } = begin();
    const first = header(nonces);
    assert.equal(verdict(nonces, first), "right");
    for (let other = 0; other < 8; other++) assert.equal(verdict(nonces, header(nonces)), "right");
    assert.equal(verdict(nonces, first), "stale");
  });

  test("is another one each time, in the same millisecond too", () => {
    const { nonces } = begin();
    const made = Array.from({ length: 2000 }, () => nonces.make());
    assert.equal(new Set(made).size, made.length);
  });

  test("costs no memory until somebody has authenticated with it", () => {
    const { nonces } = begin();
    const nonce = nonces.make();
    for (let k = 0; k < 1000; k++) nonces.make();
    assert.equal(verdict(nonces, header(nonces, { nonce })), "right");
  });
});

describe("wrong passwords", () => {
  test("make their address wait, twice as long each time, up to five minutes", async () => {
    const clock = new VirtualClock();
    const attempts = new Attempts(clock);
    const waits: number[] = [];
    for (let k = 0; k < 14; k++) {
      attempts.wrong("10.0.0.9");
      waits.push(attempts.wait("10.0.0.9"));
      await clock.run(attempts.wait("10.0.0.9"));
    }
    assert.deepEqual(waits.slice(0, 6), [0, 0, 1000, 2000, 4000, 8000]);
    assert.equal(waits.at(-1), 300_000);
  });

  test("of many addresses come at one in two seconds, and shut out nobody who was right before", async () => {
    const clock = new VirtualClock();
    const attempts = new Attempts(clock);
    attempts.right("10.0.0.2");
    let looked = 0;
    for (let k = 0; k < 600; k++) {
      const address = `10.0.1.${k % 250}`;
      if (attempts.wait(address) === 0) {
        looked++;
        attempts.wrong(address);
      }
      assert.equal(attempts.wait("10.0.0.2"), 0);
      await clock.run(100);
    }
    assert.ok(looked <= 12 + 30 && looked >= 30, `${looked} in a minute`);
  });
});
