// Certificates for the emulated chain's TLS server, made when it starts. A pinned root is part of
// an image, so it can't be made then: emulated/root.pem is an RSA-4096 root as Let's Encrypt's is,
// whose key nobody has any more. It signed emulated/intermediate.pem, whose key is the hash of a
// sentence: no secret, and good for nothing but this.

import {
  createECDH,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "emulated");
const INTERMEDIATE = "plugpay emulator intermediate";
const CURVE = "prime256v1";
const DAY_MS = 86_400_000;

const OID = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
} as const;

/** What a server shows, and its key, in PEM. */
export interface Shown {
  readonly cert: string;
  readonly key: string;
}

export interface Wanted {
  /** A host's name, or an IPv4 address. */
  readonly name: string;
  readonly signer: "intermediate" | "stranger";
  /** Its last day; it was good for a year. */
  readonly until: Date;
}

export function certificateFor({ name, signer, until }: Wanted): Shown {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: CURVE });
  const key =
    signer === "intermediate" ? intermediateKey() : generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const body = sequence(
    tagged(0xa0, integer(Uint8Array.of(2))),
    integer(randomBytes(8)),
    algorithm,
    nameOf(signer === "intermediate" ? INTERMEDIATE : "somebody else"),
    sequence(time(new Date(until.getTime() - 365 * DAY_MS)), time(until)),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(sequence(oid(OID.subjectAltName), tagged(0x04, sequence(alternative(name)))))),
  );
  const signature = sign("sha256", body, key);
  const leaf = pem(sequence(body, algorithm, tagged(0x03, Uint8Array.of(0), signature)));
  const intermediate = readFileSync(join(FOLDER, "intermediate.pem"), "utf8");
  return { cert: leaf + intermediate, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function intermediateKey(): KeyObject {
  const secret = createHash("sha256").update(INTERMEDIATE).digest();
  const ecdh = createECDH(CURVE);
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const [d, x, y] = ([secret, point.subarray(1, 33), point.subarray(33)] as const).map((part) =>
    part.toString("base64url"),
  );
  const key = { kty: "EC", crv: "P-256", d, x, y } as JsonWebKey;
  return createPrivateKey({ format: "jwk", key });
}

// ---------------------------------------------------------------- X.509 in DER

function tagged(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}

function sequence(...contents: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, ...contents);
}

function oid(hex: string): Uint8Array {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

/** Positive, whatever its first bit. */
function integer(bytes: Uint8Array): Uint8Array {
  return tagged(0x02, Uint8Array.of(...((bytes[0] as number) & 0x80 ? [0] : [])), bytes);
}

function nameOf(common: string): Uint8Array {
  return sequence(tagged(0x31, sequence(oid(OID.commonName), tagged(0x0c, Buffer.from(common)))));
}

/** "YYMMDDhhmmssZ". */
function time(date: Date): Uint8Array {
  return tagged(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}

function alternative(name: string): Uint8Array {
  return isIPv4(name) ? tagged(0x87, Uint8Array.from(name.split("."), Number)) : tagged(0x82, Buffer.from(name));
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
