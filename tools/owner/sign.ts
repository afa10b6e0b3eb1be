// Signs an image: what it is, as the build wrote it beside it, and the hash of its bytes.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { type Manifest, manifestDigest, manifestText, type SignedManifest } from "../../shared/update/manifest";
import { MANIFEST_SUFFIX, signedFile, signedIn } from "../../shared/update/pull";
import { UsageError } from "../firmware/targets";

/** Beside an image: what it is. */
export const ABOUT_SUFFIX = ".json";
export type About = Omit<Manifest, "size" | "sha256">;

/** Chips by the number in an image's header (esp_image_header_t, `chip_id` at byte 12). */
const CHIPS: Readonly<Record<number, string>> = { 0: "ESP32", 5: "ESP32-C3", 9: "ESP32-S3", 13: "ESP32-C6" };
/** A simulated device's image has no header of a chip (lab/model/flash.ts). */
const SIMULATED = "simulated";
const MAGIC = 0xe9;

/** Signs the image at `path`, writes its manifest beside it, and gives what it says. */
export function signImage(path: string, secret: Uint8Array): Manifest {
  const image = readImage(path);
  const about = aboutOf(path);
  checkChip(path, image, about.chip);
  const sha256 = createHash("sha256").update(image).digest("hex");
  const manifest = { ...about, size: image.length, sha256 };
  let text: string;
  try {
    text = manifestText(manifest);
  } catch (error) {
    throw new UsageError(`${path}${ABOUT_SUFFIX}: ${(error as Error).message}`);
  }
  const signed: SignedManifest = {
    manifest: text,
    signature: bytesToHex(ecdsa.sign(manifestDigest(text), secret)),
  };
  writeFileSync(`${path}${MANIFEST_SUFFIX}`, signedFile(signed));
  return manifest;
}

export function readImage(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path}: expected an image (${(error as Error).message})`);
  }
}

/** What was signed of the image at `path`. */
export function readSigned(path: string): SignedManifest {
  const file = `${path}${MANIFEST_SUFFIX}`;
  try {
    return signedIn(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: npm run owner -- sign ${path} KEYFILE makes it (${(error as Error).message})`);
  }
}

function aboutOf(path: string): About {
  const file = `${path}${ABOUT_SUFFIX}`;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as About;
  } catch (error) {
    throw new UsageError(
      `${file}: expected what npm run firmware writes beside an image (${(error as Error).message})`,
    );
  }
}

function checkChip(path: string, image: Uint8Array, chip: string): void {
  if (image[0] !== MAGIC) throw new UsageError(`${path}: expected an image of ESP-IDF's, which begins with E9`);
  if (chip === SIMULATED) return;
  const found = CHIPS[(image[12] ?? 0) + 256 * (image[13] ?? 0)];
  if (found !== chip)
    throw new UsageError(`${path}: is for ${found ?? "a chip that is none of ours"}, not for ${chip}`);
}
