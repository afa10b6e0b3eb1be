// The owner's key that signs images: a file of his, encrypted under a passphrase (scrypt, then
// ChaCha20-Poly1305; both Node's own). The public key in it is bound to the secret by the cipher.

import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { isSecret } from "../../shared/cable/key";
import { UsageError } from "../firmware/targets";

/** About a quarter of a second and 128 MB a guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
const CIPHER = "chacha20-poly1305";
const TAG = 16;
const KIND = "plugpay update key 1";
const SHORTEST = 8;

interface KeyFile {
  readonly kind: typeof KIND;
  /** 33 bytes, in hexadecimal: what the setting updateKey takes. */
  readonly publicKey: string;
  readonly salt: string;
  readonly nonce: string;
  /** The secret, encrypted, and the cipher's tag. */
  readonly secret: string;
}

/** Writes a new key to `path`, which must not exist yet; gives the public key in hexadecimal. */
export function makeKey(path: string, passphrase: string): string {
  if (passphrase.length < SHORTEST) throw new UsageError(`passphrase: expected at least ${SHORTEST} characters`);
  let secret = randomBytes(32);
  while (!isSecret(secret)) secret = randomBytes(32);
  const publicKey = bytesToHex(ecdsa.publicKey(secret));
  const [salt, nonce] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv(CIPHER, keyOf(passphrase, salt), nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(publicKey, "hex"), { plaintextLength: secret.length });
  const sealed = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  const file: KeyFile = {
    kind: KIND,
    publicKey,
    salt: salt.toString("hex"),
    nonce: nonce.toString("hex"),
    secret: sealed.toString("hex"),
  };
  try {
    writeFileSync(path, `${JSON.stringify(file, null, 1)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new UsageError(`${path}: expected a file that does not exist yet (${(error as Error).message})`);
  }
  return publicKey;
}

/** The secret in the file at `path`; throws a UsageError where the passphrase is not its own. */
export function openKey(path: string, passphrase: string): Uint8Array {
  const { publicKey, salt, nonce, secret } = readKeyFile(path);
  const sealed = Buffer.from(secret, "hex");
  const decipher = createDecipheriv(CIPHER, keyOf(passphrase, Buffer.from(salt, "hex")), Buffer.from(nonce, "hex"), {
    authTagLength: TAG,
  });
  decipher.setAAD(Buffer.from(publicKey, "hex"), { plaintextLength: sealed.length - TAG });
  decipher.setAuthTag(sealed.subarray(-TAG));
  try {
    return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, -TAG)), decipher.final()]));
  } catch {
    throw new UsageError(`${path}: the passphrase is wrong, or the file was changed`);
  }
}

export function readKeyFile(path: string): KeyFile {
  let file: Partial<KeyFile>;
  try {
    file = JSON.parse(readFileSync(path, "utf8")) as Partial<KeyFile>;
  } catch (error) {
    throw new UsageError(
      `${path}: expected a file that npm run owner -- update-key made (${(error as Error).message})`,
    );
  }
  const isHexOf = (text: unknown, bytes: number) =>
    typeof text === "string" && new RegExp(`^[0-9a-f]{${2 * bytes}}$`).test(text);
  const { publicKey, salt, nonce, secret } = file;
  if (
    file.kind !== KIND ||
    !isHexOf(publicKey, 33) ||
    !isHexOf(salt, 16) ||
    !isHexOf(nonce, 12) ||
    !isHexOf(secret, 48)
  )
    throw new UsageError(`${path}: expected a file that npm run owner -- update-key made`);
  return file as KeyFile;
}

function keyOf(passphrase: string, salt: Uint8Array): Buffer {
  return scryptSync(passphrase.normalize("NFKC"), salt, 32, SCRYPT);
}
