// HTTP/1.1 framing: what is read, what is refused with which status, and that the cutting of bytes
// does not matter.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeLatin1, encodeUtf8 } from "../../shared/kernel/utf8";
import { parseRequest, parseResponse } from "../../shared/net/heads";
import { HttpError, type HttpLimits, writeMessage } from "../../shared/net/http";
import { MessageReader } from "../../shared/net/message-reader";

const LIMITS: HttpLimits = { headBytes: 400, headers: 8, bodyBytes: 1000 };
type Side = "request" | "response";

interface Seen {
  /** One line a message: its head and body. */
  readonly messages: string[];
  /** Kind and status of the error that ended it. */
  error: string | undefined;
}

/**
 * Reads `text` in pieces of these lengths (over and over), going on after each message, then the
 * end.
 */
function read(side: Side, text: string, cuts: readonly number[] = [text.length || 1], early = 100_000): Seen {
  const seen: Seen = { messages: [], error: undefined };
  let head = "";
  let body = "";
  const sink = {
    head: (parsed: object) => {
      head = JSON.stringify(parsed, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value));
    },
    body: (chunk: Uint8Array) => {
      body += decodeLatin1(chunk);
    },
    end: () => {
      seen.messages.push(`${head} ${body}`);
      body = "";
      ended = true;
    },
  };
  let ended = false;
  const reader =
    side === "request"
      ? new MessageReader<object>(parseRequest, sink, LIMITS, early)
      : new MessageReader<object>(parseResponse, sink, LIMITS, early);
  const bytes = Uint8Array.from(Buffer.from(text, "latin1"));
  try {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const length = cuts[i % cuts.length] as number;
      reader.push(bytes.subarray(at, at + length));
      at += length;
      while (ended) {
        ended = false;
        reader.next();
      }
    }
    reader.finish();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    seen.error = `${error.kind} ${error.status}`;
  }
  return seen;
}

const POST = "POST /RPC2 HTTP/1.1\r\nHost: a\r\n";
const OK = "HTTP/1.1 200 OK\r\n";

test("a request's head and body are read, header names in lower case, and fields that mean nothing here are dropped", () => {
  const { messages, error } = read("request", `${POST}Content-Length: 5\r\nContent-TYPE:  z \t\r\nX-Y: z\r\n\r\nhello`);
  assert.equal(error, undefined);
  assert.deepEqual(messages, [
    '{"method":"POST","target":"/RPC2","headers":{"host":"a","content-length":"5","content-type":"z"},"keepAlive":true,"expectsContinue":false} hello',
  ]);
});

test("requests that follow each other are read one by one", () => {
  const one = `${POST}Content-Length: 2\r\n\r\nab`;
  assert.equal(read("request", one + one + one).messages.length, 3);
});

test("HTTP/1.0 and Connection: close end the connection after the answer", () => {
  assert.match(read("request", "GET / HTTP/1.0\r\n\r\n").messages[0] ?? "", /"keepAlive":false/);
  assert.match(
    read("request", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").messages[0] ?? "",
    /"keepAlive":false/,
  );
});

const REFUSED_REQUESTS: readonly [what: string, text: string, error: string][] = [
  ["a folded header", `${POST}Content-Length: 1\r\nX: a\r\n b\r\n\r\nx`, "malformed 400"],
  ["a bare line feed between headers", `${POST}X: a\nContent-Length: 1\r\n\r\nx`, "malformed 400"],
  ["a bare carriage return in a header", `${POST}X: a\rb\r\n\r\n`, "malformed 400"],
  ["a NUL in a header", `${POST}X: a\0b\r\n\r\n`, "malformed 400"],
  ["a blank before the colon", `${POST}Content-Length : 1\r\n\r\nx`, "malformed 400"],
  ["a header without a name", `${POST}: 1\r\n\r\n`, "malformed 400"],
  ["a header without a colon", `${POST}x\r\n\r\n`, "malformed 400"],
  ["the same length twice", `${POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, "malformed 400"],
  ["two lengths", `${POST}Content-Length: 1\r\ncontent-length: 2\r\n\r\nx`, "malformed 400"],
  ["a list of lengths", `${POST}Content-Length: 1, 1\r\n\r\nx`, "malformed 400"],
  ["a negative length", `${POST}Content-Length: -1\r\n\r\n`, "malformed 400"],
  ["a signed length", `${POST}Content-Length: +1\r\n\r\nx`, "malformed 400"],
  ["a hexadecimal length", `${POST}Content-Length: 0x1\r\n\r\nx`, "malformed 400"],
  ["an empty length", `${POST}Content-Length:\r\n\r\n`, "malformed 400"],
  [
    "a length with a byte after it that is a blank in Latin-1 only",
    `${POST}Content-Length: 1\xa0\r\n\r\nx`,
    "malformed 400",
  ],
  ["a huge length", `${POST}Content-Length: 99999999999999999999\r\n\r\n`, "malformed 400"],
  ["a length over the limit", `${POST}Content-Length: 1001\r\n\r\n`, "too-large 413"],
  ["both length and chunks", `${POST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx`, "unsupported 411"],
  ["chunks", `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "unsupported 411"],
  ["no length for a POST", `${POST}\r\n`, "malformed 411"],
  ["no host", "POST /RPC2 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "malformed 400"],
  ["two hosts", `${POST}Host: b\r\nContent-Length: 0\r\n\r\n`, "malformed 400"],
  ["an unknown expectation", `${POST}Expect: magic\r\nContent-Length: 0\r\n\r\n`, "unsupported 417"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\n", "malformed 400"],
  ["HTTP/0.9", "GET /\r\n\r\n", "malformed 400"],
  ["an absolute target without a host", "GET http:///RPC2 HTTP/1.1\r\nHost: a\r\n\r\n", "malformed 400"],
  ["an absolute target of another scheme", "GET ftp://a/RPC2 HTTP/1.1\r\nHost: a\r\n\r\n", "malformed 400"],
  ["two blanks in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed 400"],
  ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "malformed 400"],
  ["too long a head", `${POST}X: ${"a".repeat(400)}\r\n\r\n`, "too-large 431"],
  ["a head that never ends", "A".repeat(500), "too-large 431"],
  ["too many headers", `${POST}${"a: b\r\n".repeat(8)}\r\n`, "too-large 431"],
  ["an end in the middle of the head", "POST /RPC2 HT", "closed 400"],
  ["an end in the middle of the body", `${POST}Content-Length: 5\r\n\r\nhel`, "closed 400"],
];

for (const [what, text, error] of REFUSED_REQUESTS) {
  test(`a request is refused with ${what}`, () => {
    const seen = read("request", text);
    assert.equal(seen.error, error);
    assert.deepEqual(seen.messages, []);
  });
}

test("a header's value keeps bytes beyond ASCII, and loses the blanks around it", () => {
  const { messages } = read("request", `GET / HTTP/1.1\r\nHost: a\r\nContent-Type: \t \xa0a \xff b\xa0\t\r\n\r\n`);
  assert.match(messages[0] ?? "", /"content-type":"\u00a0a \u00ff b\u00a0"/);
});

test("an answer is read by its length, by its chunks and until the end", () => {
  const bodyOf = (text: string) => read("response", text).messages.map((message) => message.split("} ").at(-1));
  assert.deepEqual(bodyOf(`${OK}Content-Length: 5\r\n\r\nhello`), ["hello"]);
  assert.deepEqual(bodyOf(`${OK}Transfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrail: er\r\n\r\n`), [
    "hello",
  ]);
  assert.deepEqual(bodyOf(`${OK}\r\nhello`), ["hello"]);
  assert.deepEqual(bodyOf("HTTP/1.1 204 No Content\r\n\r\n"), [""]);
  assert.deepEqual(bodyOf("HTTP/1.1 304\r\nContent-Length: 10\r\n\r\n"), [""]);
});

test("interim answers are skipped, but not without end", () => {
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  assert.equal(read("response", `${interim}${interim}${OK}Content-Length: 0\r\n\r\n`).messages.length, 1);
  assert.equal(read("response", interim.repeat(5)).error, "malformed 400");
});

const REFUSED_RESPONSES: readonly [what: string, text: string, error: string][] = [
  ["both length and chunks", `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, "malformed 400"],
  ["an unknown coding", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, "unsupported 400"],
  ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "unsupported 400"],
  ["a chunk size that is none", `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, "malformed 400"],
  ["a signed chunk size", `${OK}Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n`, "malformed 400"],
  ["a huge chunk size", `${OK}Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n`, "malformed 400"],
  ["a chunk longer than it said", `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, "malformed 400"],
  [
    "chunks over the limit in all",
    `${OK}Transfer-Encoding: chunked\r\n\r\n${`1f4\r\n${"x".repeat(500)}\r\n`.repeat(3)}`,
    "too-large 413",
  ],
  ["a chunk line without end", `${OK}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(200)}`, "too-large 431"],
  ["trailers without end", `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n${"a: b\r\n".repeat(500)}`, "too-large 431"],
  ["too much until the end", `${OK}\r\n${"x".repeat(1001)}`, "too-large 413"],
  ["an end in the middle of a chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel`, "closed 400"],
  ["an end before the last chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`, "closed 400"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "malformed 400"],
];

for (const [what, text, error] of REFUSED_RESPONSES) {
  test(`an answer is refused with ${what}`, () => {
    const seen = read("response", text);
    assert.equal(seen.error, error);
    assert.deepEqual(seen.messages, []);
  });
}

const SAMPLES: readonly (readonly [Side, string])[] = [
  ["request", `${POST}Content-Length: 5\r\n\r\nhello${POST}Content-Length: 0\r\n\r\n`],
  [
    "response",
    `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n${OK}Content-Length: 3\r\n\r\nend`,
  ],
  ["response", `${OK}\r\nuntil the end`],
  ...REFUSED_REQUESTS.map(([, text]) => ["request", text] as const),
  ...REFUSED_RESPONSES.map(([, text]) => ["response", text] as const),
];

test("any cutting of the bytes gives the same messages and the same error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      ([side, text], cuts) => {
        assert.deepEqual(read(side, text, cuts), read(side, text));
      },
    ),
    { numRuns: 500 },
  );
  for (const [side, text] of SAMPLES) assert.deepEqual(read(side, text, [1]), read(side, text), text);
});

test("garbage and mutated messages end in messages or an HttpError, the same however they are cut", () => {
  const mutation = fc.record({
    at: fc.nat(200),
    take: fc.nat(3),
    put: fc.string({ unit: "binary-ascii", maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(mutation, { maxLength: 3 }),
      fc.integer({ min: 1, max: 9 }),
      ([side, text], all, cut) => {
        const mutated = all.reduce(
          (t, { at, take, put }) => t.slice(0, at % t.length) + put + t.slice((at % t.length) + take),
          text,
        );
        assert.deepEqual(read(side, mutated, [cut]), read(side, mutated));
      },
    ),
    { numRuns: 1500 },
  );
});

test("what is sent ahead of the answer is limited", () => {
  const reader = new MessageReader(parseRequest, { head() {}, body() {}, end() {} }, LIMITS, 10);
  reader.push(encodeUtf8("GET / HTTP/1.1\r\nHost: a\r\n\r\n0123456789"));
  assert.throws(() => reader.push(encodeUtf8("x")), { kind: "too-large" });
});

test("a header of ours cannot be split into two", () => {
  assert.throws(() => writeMessage(["X: a\r\nY: b"], new Uint8Array(0)), HttpError);
});
