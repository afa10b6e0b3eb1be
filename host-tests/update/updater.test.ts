// What an update takes and refuses, and what flash holds after it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodyIn, FlashCut, ModelFlash, modelImage } from "../../lab/model/flash";
import { standInEcdsa } from "../../lab/model/signers";
import { UpdateError } from "../../shared/update/error";
import { HERE, manifestOf, NEW, OLD, signed, Updating } from "./stage";

const MINUTE = 60_000;

function refused(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UpdateError, String(error));
    assert.match(error.message, message);
    return true;
  };
}

describe("an update", () => {
  test("settles first, streams into the free slot, and the next start is of the new image, on trial", async () => {
    const device = new Updating();
    await device.take(NEW);
    assert.equal(device.settled, 1);
    assert.deepEqual(device.names(), ["update", "updated"]);
    const { flash } = device;
    assert.deepEqual(flash.boot(), bodyIn(NEW));
    assert.equal(flash.slots().state, "trial");
    flash.slots().confirm();
    assert.deepEqual(flash.boot(), bodyIn(NEW));
    assert.equal(flash.slots().state, "confirmed");
  });

  test("that is not confirmed is undone by the next start", async () => {
    const device = new Updating();
    await device.take(NEW);
    const { flash } = device;
    flash.boot();
    assert.deepEqual(flash.boot(), bodyIn(OLD));
    assert.equal(flash.slots().state, "undone");
  });

  test("goes into the slot that does not run, again and again", async () => {
    const flash = new ModelFlash(OLD, 5 * 4096);
    for (let version = 2; version < 7; version++) {
      const image = modelImage(new Uint8Array(5000).fill(version));
      const device = new Updating(flash, { here: { version: `0.${version - 1}.0` } });
      await device.take(image, manifestOf(image, { version: `0.${version}.0` }));
      assert.deepEqual(flash.boot(), bodyIn(image));
      flash.slots().confirm();
    }
  });

  test("takes again what came already, and nothing that leaves a gap or is too much", async () => {
    const device = new Updating();
    await device.updater.begin(signed(manifestOf(NEW)), false);
    assert.equal(device.updater.write(0, NEW.subarray(0, 2048)), 2048);
    assert.equal(device.updater.write(0, NEW.subarray(0, 2048)), 2048);
    assert.equal(device.updater.write(1024, NEW.subarray(1024, 3072)), 3072);
    assert.throws(
      () => device.updater.write(4096, NEW.subarray(4096, 5000)),
      refused(/from 3072 on, came those from 4096/),
    );
    device.updater.write(3072, NEW.subarray(3072));
    assert.throws(() => device.updater.write(NEW.length, Uint8Array.of(1)), refused(/came more/));
    device.updater.finish();
    assert.deepEqual(device.flash.boot(), bodyIn(NEW));
  });

  test("is not finished while bytes are missing", async () => {
    const device = new Updating();
    await device.updater.begin(signed(manifestOf(NEW)), false);
    device.updater.write(0, NEW.subarray(0, 8000));
    assert.throws(() => device.updater.finish(), refused(/expected 9040 bytes in all, came 8000/));
    assert.equal(device.restarts, 0);
  });

  test("whose bytes are not those that were signed is given up: the device starts anew, as it was", async () => {
    const device = new Updating();
    const other = modelImage(new Uint8Array(9000).fill(3));
    await device.updater.begin(signed(manifestOf(NEW)), false);
    device.send(other);
    assert.throws(() => device.updater.finish(), refused(/not what was signed/));
    assert.deepEqual([device.restarts, device.names().at(-1)], [1, "update-failed"]);
    assert.deepEqual(device.flash.boot(), bodyIn(OLD));
  });

  test("hashes what lies in flash, and not what came", async () => {
    const flash = new ModelFlash(OLD, 5 * 4096);
    flash.boot();
    const { write } = flash.slots();
    let count = 0;
    const wearing = (bytes: Uint8Array) => write(++count === 2 ? bytes.map((byte) => byte & 0xfe) : bytes);
    const worn = new Updating(flash, { slots: { write: wearing } });
    await worn.updater.begin(signed(manifestOf(NEW)), false);
    worn.send(NEW);
    assert.throws(() => worn.updater.finish(), refused(/not what was signed/));
  });

  test("that stands still for a minute is given up", async () => {
    const device = new Updating();
    await device.updater.begin(signed(manifestOf(NEW)), false);
    await device.clock.run(MINUTE - 1000);
    device.updater.write(0, NEW.subarray(0, 2048));
    await device.clock.run(MINUTE - 1000);
    assert.equal(device.restarts, 0);
    await device.clock.run(2000);
    assert.deepEqual([device.restarts, device.names().at(-1)], [1, "update-failed"]);
  });

  test("runs alone: a second one is refused while it does", async () => {
    const device = new Updating();
    await device.updater.begin(signed(manifestOf(NEW)), false);
    await assert.rejects(device.updater.begin(signed(manifestOf(NEW)), false), refused(/an update is under way/));
  });
});

describe("a manifest", () => {
  const cases: readonly [string, Parameters<typeof manifestOf>[1], RegExp][] = [
    ["of another device", { device: "cable" }, /the image is a cable's, and this is a socket/],
    ["of another network", { network: "signet" }, /the image is for signet, and this device is on regtest/],
    ["of an older version", { version: "0.0.9" }, /version 0\.0\.9 is older than 0\.1\.0/],
  ];
  for (const [what, over, message] of cases)
    test(`${what} is refused, unless its owner says it twice`, async () => {
      const device = new Updating();
      const given = signed(manifestOf(NEW, over));
      await assert.rejects(device.updater.begin(given, false), refused(message));
      assert.equal(device.settled, 0);
      await device.updater.begin(given, true);
      assert.equal(device.settled, 1);
    });

  const never: readonly [string, Parameters<typeof manifestOf>[1], RegExp][] = [
    ["of another chip", { chip: "ESP32" }, /for the chip ESP32, and this is ESP32-C3/],
    ["that does not fit", { size: 5 * 4096 + 1 }, /has 20481 bytes, and the slot holds 20480/],
    ["of nothing", { size: 0 }, /has 0 bytes/],
  ];
  for (const [what, over, message] of never)
    test(`${what} is refused, whatever its owner says`, async () => {
      const device = new Updating();
      await assert.rejects(device.updater.begin(signed(manifestOf(NEW, over)), true), refused(message));
      assert.equal(device.settled, 0);
    });

  test("of another owner, of a changed text, or without a signature is refused", async () => {
    const { updater } = new Updating();
    const good = signed(manifestOf(NEW));
    const strangers = signed(manifestOf(NEW), new Uint8Array(32).fill(7));
    for (const bad of [
      strangers,
      { ...good, manifest: good.manifest.replace("0.2.0", "0.3.0") },
      { ...good, signature: "" },
      { ...good, signature: "zz" },
      { ...good, signature: good.signature.toUpperCase() },
      { ...good, manifest: `${good.manifest}${" ".repeat(2000)}` },
    ])
      await assert.rejects(updater.begin(bad, true), refused(/not signed by the key/));
  });

  test("is taken by no device without an updateKey", async () => {
    const device = new Updating(undefined, { key: undefined });
    await assert.rejects(device.updater.begin(signed(manifestOf(NEW)), true), refused(/has no updateKey/));
  });

  test("is taken by no board with one slot, which says so", async () => {
    const device = new Updating(undefined, { slots: { room: 0 } });
    await assert.rejects(device.updater.begin(signed(manifestOf(NEW)), true), refused(/one slot for images \(4 MB/));
  });

  test("of an image that would not read this device's records is refused, whatever its owner says", async () => {
    const device = new Updating();
    const older = manifestOf(NEW, { version: "0.0.9", journals: HERE.journals.map((each) => ({ ...each, to: 1 })) });
    await assert.rejects(
      device.updater.begin(signed(older), true),
      refused(/does not read the record "socket" of version 2/),
    );
    const without = manifestOf(NEW, { journals: HERE.journals.slice(0, 1) });
    await assert.rejects(device.updater.begin(signed(without), true), refused(/record "owner" of version 1/));
    const newer = manifestOf(NEW, { journals: HERE.journals.map((each) => ({ ...each, to: 9 })) });
    await device.updater.begin(signed(newer), false);
  });
});

describe("power that goes", () => {
  test("at any byte of an update, of the start after it or of its confirmation leaves a device that starts: the old image or the new one, whole", async () => {
    // Signatures are not the subject here, and take their time.
    const over = { ecdsa: standInEcdsa };
    const ends = new Map<string, number>();
    for (const isFresh of [true, false])
      for (const cut of cuts(await workOf(isFresh))) {
        const flash = await deviceOf(isFresh);
        const device = new Updating(flash, over);
        const before = flash.boot();
        flash.cutAfter = cut;
        try {
          await device.take(NEW);
          flash.boot();
          flash.slots().confirm();
        } catch (error) {
          if (!(error instanceof FlashCut) && !(error instanceof UpdateError)) throw error;
        }
        flash.cutAfter = undefined;
        const after = flash.boot();
        assert.ok(after, `nothing starts where power went after ${cut}`);
        const isNew = Buffer.compare(after, bodyIn(NEW) as Uint8Array) === 0;
        assert.ok(isNew || Buffer.compare(after, before as Uint8Array) === 0, `a torn image at ${cut}`);
        // It takes the next update as if nothing had been.
        flash.slots().confirm();
        if (!isNew) await new Updating(flash, over).take(NEW);
        assert.deepEqual(flash.boot(), bodyIn(NEW), `the next update after a cut at ${cut}`);
        ends.set(isNew ? "new" : "old", (ends.get(isNew ? "new" : "old") ?? 0) + 1);
      }
    assert.ok((ends.get("new") ?? 0) > 1 && (ends.get("old") ?? 0) > 100, JSON.stringify([...ends]));
  });
});

/** All that is erased and programmed, in bytes. */
async function workOf(isFresh: boolean): Promise<number> {
  const flash = await deviceOf(isFresh);
  const device = new Updating(flash, { ecdsa: standInEcdsa });
  flash.work = 0;
  await device.take(NEW);
  flash.boot();
  flash.slots().confirm();
  return flash.work;
}

/**
 * Each byte about the end of a sector of otadata, of which three are written last; each 97th of the
 * rest.
 */
function cuts(work: number): readonly number[] {
  const edges = [0, 1, 2, 3].map((times) => work - times * (4096 + 32));
  const isNear = (cut: number) => edges.some((edge) => Math.abs(edge - cut) <= 40);
  return Array.from({ length: work + 1 }, (_, cut) => cut).filter((cut) => cut % 97 === 0 || isNear(cut));
}

/** As it left the factory, or one that took an update before and runs from its second slot. */
async function deviceOf(isFresh: boolean): Promise<ModelFlash> {
  const flash = new ModelFlash(OLD, 5 * 4096);
  if (isFresh) {
    flash.boot();
    return flash;
  }
  const image = modelImage(new Uint8Array(6000).fill(1));
  const older = new Updating(flash, { here: { version: "0.0.1" }, ecdsa: standInEcdsa });
  await older.take(image, manifestOf(image, { version: "0.0.2" }));
  flash.boot();
  flash.slots().confirm();
  return flash;
}
