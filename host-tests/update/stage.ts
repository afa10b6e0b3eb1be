// A device that takes an update, on flash that may lose its power at any byte.

import { createHash } from "node:crypto";
import { VirtualClock } from "../../lab/model/clock";
import { ModelFlash, modelImage } from "../../lab/model/flash";
import { realEcdsa } from "../../lab/model/signers";
import { bytesToHex } from "../../shared/bitcoin/bytes";
import type { DeviceEvent, Ecdsa } from "../../shared/kernel/ports";
import type { Here } from "../../shared/update/fits";
import { type Manifest, manifestDigest, manifestText, type SignedManifest } from "../../shared/update/manifest";
import type { Slots } from "../../shared/update/slots";
import { Updater } from "../../shared/update/updater";

export const SECRET = new Uint8Array(32).fill(0x5e);
export const PUBLIC = bytesToHex(realEcdsa.publicKey(SECRET));

export const HERE: Here = {
  device: "socket",
  chip: "ESP32-C3",
  network: "regtest",
  version: "0.1.0",
  journals: [
    { name: "socket", from: 1, to: 2 },
    { name: "owner", from: 1, to: 1 },
  ],
};

export const OLD = modelImage(new TextEncoder().encode("the old image, which runs"));
export const NEW = modelImage(Uint8Array.from({ length: 9000 }, (_, at) => (at * 7) & 0xff));

export function manifestOf(image: Uint8Array, over: Partial<Manifest> = {}): Manifest {
  const sha256 = createHash("sha256").update(image).digest("hex");
  const { device, chip, network, journals } = HERE;
  return { device, chip, network, version: "0.2.0", size: image.length, sha256, journals, ...over };
}

export function signed(manifest: Manifest, secret = SECRET, ecdsa = realEcdsa): SignedManifest {
  const text = manifestText(manifest);
  return { manifest: text, signature: bytesToHex(ecdsa.sign(manifestDigest(text), secret)) };
}

export class Updating {
  readonly clock = new VirtualClock();
  readonly told: DeviceEvent[] = [];
  settled = 0;
  restarts = 0;
  readonly updater: Updater;
  readonly #ecdsa: Ecdsa;

  constructor(
    readonly flash = new ModelFlash(OLD, 5 * 4096),
    over: {
      readonly here?: Partial<Here>;
      readonly key?: string | undefined;
      readonly slots?: Partial<Slots>;
      readonly ecdsa?: Ecdsa;
    } = {},
  ) {
    flash.boot();
    const { ecdsa = realEcdsa } = over;
    this.#ecdsa = ecdsa;
    const slots = Object.assign(flash.slots(), over.slots);
    this.updater = new Updater({
      clock: this.clock,
      report: (event) => void this.told.push(event),
      slots,
      ecdsa,
      publicKey: () => ("key" in over ? over.key : bytesToHex(ecdsa.publicKey(SECRET))),
      here: () => ({ ...HERE, ...over.here }),
      settle: async () => void this.settled++,
      restart: () => void this.restarts++,
    });
  }

  /** All of it, in chunks of 2 KB. */
  async take(image: Uint8Array, manifest = manifestOf(image)): Promise<void> {
    await this.updater.begin(signed(manifest, SECRET, this.#ecdsa), false);
    this.send(image);
    this.updater.finish();
  }

  send(image: Uint8Array, chunk = 2048): void {
    for (let at = 0; at < image.length; at += chunk) this.updater.write(at, image.subarray(at, at + chunk));
  }

  names(): readonly string[] {
    return this.told.map(({ name }) => name);
  }
}
