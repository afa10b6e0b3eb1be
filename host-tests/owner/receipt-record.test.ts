// A receipt in its reader's hands: what is right is right, and what somebody changed is not.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { realEcdsa } from "../../lab/model/signers";
import { payloadOf, type Receipt, recordOf } from "../../shared/owner/ocmf";
import { checkRecord, RecordError } from "../../tools/receipt/record";
import { comparison, receiptsIn, verdictOf } from "../../tools/receipt/report";

const ROOT = join(import.meta.dirname, "../..");
const SECRET = new Uint8Array(32).fill(5);
const KEY = Buffer.from(realEcdsa.publicKey(SECRET)).toString("hex");
const SESSION = "5e".repeat(16);

const RECEIPT: Receipt = {
  number: 1,
  version: "0.1.0",
  publicKey: KEY,
  session: SESSION,
  priceSatPerKwh: 300,
  paidSat: 20_000,
  isCalibrated: true,
  begin: { at: 1_400, total: 12_345_678 },
  end: { at: 217_123, total: 99_080_000 },
  isCut: false,
};

function signed(payload: string, secret = SECRET): string {
  const digest = createHash("sha256").update(payload).digest();
  return recordOf(payload, Buffer.from(realEcdsa.sign(digest, secret)).toString("hex"));
}
const recordFor = (changes: Partial<Receipt> = {}): string => signed(payloadOf({ ...RECEIPT, ...changes }));
const GOOD = recordFor();
const refused = (text: string, why: RegExp, key = KEY) =>
  assert.throws(
    () => checkRecord(text, key),
    (error) => error instanceof RecordError && why.test(error.message),
  );

describe("A record", () => {
  test("gives back what was put into it, each digit of its readings", () => {
    const record = checkRecord(GOOD, KEY);
    assert.deepEqual(
      record.readings.map(({ time, wattHours }) => [time, wattHours]),
      [
        ["1970-01-01T00:00:01,400+0000 U", 12.345678],
        ["1970-01-01T00:03:37,123+0000 U", 99.08],
      ],
    );
    assert.match(GOOD, /"RV":99\.080000,"RI":"1-0:1\.8\.0","RU":"Wh","RT":"AC"/);
    assert.deepEqual([record.session, record.paidSat, record.tariff], [SESSION, 20_000, "300 sat/kWh"]);
    assert.ok(GOOD.length < 1000, `${GOOD.length} bytes`);
  });

  test("has times as the calendar has them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
        const time = new Date(at).toISOString().replace(".", ",").replace("Z", "+0000");
        assert.ok(payloadOf({ ...RECEIPT, end: { ...RECEIPT.end, at } }).includes(`"TM":"${time} U","TX":"E"`));
      }),
    );
  });

  test("is refused once any of its characters is another", () => {
    for (let at = 0; at < GOOD.length; at++) {
      const other = GOOD[at] === "1" ? "2" : "1";
      const text = GOOD.slice(0, at) + other + GOOD.slice(at + 1);
      if (text.toLowerCase() !== GOOD.toLowerCase())
        assert.throws(() => checkRecord(text, KEY), RecordError, `at ${at}`);
    }
  });

  test("is refused with a character less or more", () => {
    const payloadEnd = GOOD.lastIndexOf("|");
    for (let at = 0; at < payloadEnd; at++) {
      refused(GOOD.slice(0, at) + GOOD.slice(at + 1), /./);
      refused(`${GOOD.slice(0, at)} ${GOOD.slice(at)}`, /./);
    }
  });

  test("of another key is refused, by whatever key it is checked", () => {
    const other = Buffer.from(realEcdsa.publicKey(new Uint8Array(32).fill(6))).toString("hex");
    refused(GOOD, /the signature is not of this text by the key/, other);
    // Signed by the other one, in this one's name.
    refused(signed(payloadOf(RECEIPT), new Uint8Array(32).fill(6)), /MS: expected/, other);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const der = sign("sha256", Buffer.from(payloadOf(RECEIPT)), privateKey).toString("hex");
    refused(recordOf(payloadOf(RECEIPT), der), /the signature is not of this text/);
  });

  test("that is well signed and says what cannot be is refused by its form", () => {
    const change = (from: string | RegExp, to: string) => signed(payloadOf(RECEIPT).replace(from, to));
    refused(recordFor({ end: { at: 2, total: 12_345_677 } }), /RV: a reading fell, from 12\.345678 to 12\.345677 Wh/);
    refused(change('"PG":"T1"', '"PG":"T01"'), /PG: expected T and a number/);
    refused(change('"PG":"T1",', ""), /PG: expected a text/);
    refused(change('"TX":"B"', '"TX":"C"'), /TX: expected B first/);
    refused(change('"TX":"E"', '"TX":"C"'), /TX: .* last/);
    refused(change('"RU":"Wh"', '"RU":"mOhm"'), /RU: expected Wh or kWh/);
    refused(change('"RU":"Wh"', '"RU":"constructor"'), /RU: expected Wh or kWh/);
    refused(change('"ST":"G"', '"ST":"F"'), /ST: expected G/);
    refused(change('"EF":""', '"EF":"E"'), /EF/);
    refused(change('"RV":12', '"RV":-12'), /RV: expected a number/);
    refused(change(/"TM":"[^"]*"/, '"TM":"yesterday"'), /TM: expected a time/);
    refused(change(/"RD":.*/, '"RD":[]}'), /RD: expected two readings/);
    refused(change('"PG":"T1"', '"PG":"T1","PG":"T2"'), /the payload is no JSON/);
    refused(change(/^.*$/, "[]"), /the payload: expected an object/);
    refused("OCMF|{}", /expected OCMF\|payload\|signature/);
    refused(`${GOOD}|`, /expected OCMF\|payload\|signature/);
    refused(GOOD.replace("secp256k1", "secp256r1"), /SA: expected ECDSA-secp256k1-SHA256/);
    refused(GOOD + " ".repeat(20_000), /more than 16384/);
  });

  test("is answered with a sentence, whatever it holds", () => {
    const parts = fc.constantFrom(
      "OCMF",
      "|",
      "{",
      "}",
      '"RD":[',
      "]",
      '"PG":"T1"',
      ",",
      '"SD":"',
      "30",
      "__proto__",
      ":",
      "1e999",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(parts).map((each) => each.join("")),
        ),
        (text) => {
          refused(`OCMF|${text}`, /./);
          // Well signed, so that what it says is looked at.
          if (!text.includes("|")) refused(signed(text), /./);
        },
      ),
    );
  });

  test("may leave out of a reading what is as in the one before, as the format has it", () => {
    const short = payloadOf(RECEIPT).replace(/("TX":"E","RV":[\d.]+),.*\}\]\}$/, "$1}]}");
    assert.ok(short.length < payloadOf(RECEIPT).length);
    assert.equal(checkRecord(signed(short), KEY).readings[1]?.wattHours, 99.08);
  });
});

describe("Several receipts", () => {
  const next = recordFor({ number: 2, begin: RECEIPT.end, end: { at: 300_000, total: 100_000_000 } });
  const verdict = (...records: readonly (string | { missing: string })[]) =>
    verdictOf(
      { publicKey: KEY, receipts: records.map((each) => (typeof each === "string" ? { ocmf: each } : each)) },
      KEY,
    );

  test("are right where their numbers follow one another and no reading falls", () => {
    assert.equal(verdict(GOOD, next).isRight, true);
    assert.match(
      verdict(GOOD, next).lines[0] ?? "",
      /^right {4}T1, session 5e.*: 86\.7 Wh, from 12\.345678 to 99\.08 Wh/,
    );
  });

  test("are wrong where one was left out, or stands twice, or the meter went back", () => {
    const third = recordFor({ number: 3, begin: { at: 0, total: 100_000_000 }, end: { at: 1, total: 100_000_001 } });
    for (const given of [[GOOD, third], [GOOD, GOOD], [next, GOOD], [recordFor({ number: 0 })], []])
      assert.equal(verdict(...given).isRight, false);
    assert.match(verdict(GOOD, third).lines.join("\n"), /T1 and T3 do not follow one another: a receipt was left out/);
    const reset = recordFor({ number: 2 });
    assert.match(verdict(GOOD, reset).lines.join("\n"), /the meter's reading fell, from 99\.08 to 12\.345678 Wh/);
    // One of which it is said why is not left out.
    assert.equal(verdict(GOOD, { missing: "a cut" }, third).isRight, true);
  });

  test("agree with the cable's own account, or do not", () => {
    const given = { publicKey: KEY, receipts: [{ ocmf: GOOD }] };
    const own = { session: SESSION, paidSat: 20_000, energyMwh: 86_500 };
    assert.equal(comparison(given, KEY, [own]).isRight, true);
    assert.equal(comparison(given, KEY, [{ ...own, energyMwh: null }]).isRight, true);
    assert.equal(comparison(given, KEY, [{ ...own, energyMwh: 70_000 }]).isRight, false);
    assert.equal(comparison(given, KEY, [{ ...own, paidSat: 10_000 }]).isRight, false);
    assert.deepEqual(comparison(given, KEY, []).lines, ["the cable has no session of these"]);
  });

  test("in a file that is none are refused in a sentence", () => {
    for (const text of ["", "{}", "[1]", "null", "OCMX|", "a\nb"])
      assert.throws(() => receiptsIn(text), /expected what/);
    assert.equal(receiptsIn(`${GOOD}\r\n${next}\n`).receipts.length, 2);
    assert.deepEqual(verdictOf(receiptsIn('{"receipts":[null,7,{"ocmf":7}]}'), KEY).isRight, true);
  });
});

describe("npm run receipt -- verify", () => {
  const folder = mkdtempSync(join(tmpdir(), "receipts-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "receipts.json");
  writeFileSync(file, JSON.stringify({ publicKey: KEY, receipts: [{ number: 1, session: SESSION, ocmf: GOOD }] }));
  const verify = (words: readonly string[], input = "") =>
    spawnSync(process.execPath, ["--import", "tsx", "tools/receipt.ts", "verify", ...words], {
      cwd: ROOT,
      encoding: "utf8",
      input,
    });

  test("says what is right, what that proves, and that it is no metering law", () => {
    const { stdout, status, stderr } = verify([file]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^right {4}T1/);
    assert.match(stdout, /came with the file, and anybody can make both/);
    assert.match(stdout, /no measurement in the sense of metering law/);
    assert.match(verify([file, "--key", KEY]).stdout, /You gave the key/);
  });

  test("takes records on standard input, and then wants the key", () => {
    assert.equal(verify(["-", "--key", KEY], GOOD).status, 0);
    const { status, stderr } = verify(["-"], GOOD);
    assert.equal(status, 2);
    assert.match(stderr, /--key: records alone do not say who signed/);
  });

  test("ends with 1 where something was changed", () => {
    const { status, stdout } = verify(["-", "--key", KEY], GOOD.replace("99.08", "89.08"));
    assert.equal(status, 1);
    assert.match(stdout, /WRONG {4}a record: the signature is not of this text/);
  });
});
