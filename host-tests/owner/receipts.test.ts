// Receipts: one a session, signed when nobody waits, and none that gets lost without a word. They
// are checked by tools/receipt, whose cryptography is Node's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VirtualClock } from "../../lab/model/clock";
import { SeededRandom } from "../../lab/model/random";
import { realEcdsa } from "../../lab/model/signers";
import { CutStore } from "../../lab/model/store";
import { Bench, MINUTE, TOASTER } from "../../lab/stage/bench";
import type { Clock, Store } from "../../shared/kernel/ports";
import { socketListener } from "../../shared/owner/listen";
import { MOST_RECEIPTS, Receipts } from "../../shared/owner/receipts";
import { askReset, finishReset } from "../../shared/owner/reset";
import { SessionLog } from "../../shared/owner/sessions";
import type { Session } from "../../shared/payment/session";
import { checkRecord } from "../../tools/receipt/record";
import { owned } from "./owned";

interface Kept {
  readonly number: number;
  readonly session: string;
  readonly ocmf?: string;
  readonly missing?: string;
}
interface Page {
  readonly publicKey: string;
  readonly receipts: readonly Kept[];
  readonly next: number;
}

/**
 * A socket with receipts, whose power may go at any write; what it owns and what its owner has lie
 * in one store.
 */
class Stand {
  readonly bench = new Bench({ coins: Array(40).fill(300_000) });
  readonly store: CutStore = this.bench.socketStore;
  readonly told: string[] = [];
  signatures = 0;
  /** What the gate did when something was signed. */
  readonly relayAtSigning: boolean[] = [];
  receipts!: Receipts;
  sessions!: SessionLog;
  #life = { isAlive: true };

  constructor() {
    this.begin();
    this.bench.socket.start();
    this.bench.cable.start();
    this.bench.circuit.load = TOASTER;
  }

  private begin(): void {
    const { bench } = this;
    const life = { isAlive: true };
    this.#life = life;
    const clock: Clock = {
      now: () => bench.clock.now(),
      after: (delay, action) => bench.clock.after(delay, () => life.isAlive && action()),
    };
    const store: Store = {
      read: (key) => this.store.read(key),
      write: (key, value) => life.isAlive && this.store.write(key, value),
      remove: (key) => life.isAlive && this.store.remove(key),
    };
    const report = ({ name, why }: { name: string; why?: unknown }) =>
      void (life.isAlive && this.told.push([name, why].filter((each) => each !== undefined).join(" ")));
    this.sessions = new SessionLog({ clock, store, report, total: () => bench.circuit.socket.read().total });
    this.receipts = new Receipts({
      clock,
      store,
      report,
      sessions: this.sessions,
      ecdsa: {
        ...realEcdsa,
        sign: (digest, secret) => {
          this.signatures++;
          this.relayAtSigning.push(bench.socket.record.state === "paid");
          return realEcdsa.sign(digest, secret);
        },
      },
      random: () => new SeededRandom(80),
      record: () => bench.socket.record,
      isCalibrated: () => true,
    });
    const hear = socketListener({ report: () => {}, sessions: this.sessions, record: () => bench.socket.record });
    bench.onTold = (device, event) => {
      if (device === "socket" && life.isAlive) hear(event);
    };
  }

  cut(): void {
    this.#life.isAlive = false;
    this.bench.cutSocket();
  }

  restart(): void {
    this.cut();
    this.begin();
    this.bench.restartSocket();
  }

  /** Two minutes of a toaster, then the cable is pulled. */
  async session(): Promise<void> {
    if (!this.bench.circuit.isPlugged) this.bench.plugIn();
    await this.bench.clock.run(2 * MINUTE);
    this.bench.unplug();
  }

  all(): readonly Kept[] {
    const found: Kept[] = [];
    for (let next = 0; ; ) {
      const page = this.receipts.read(next, 3) as Page;
      if (page.receipts.length === 0) return found;
      found.push(...page.receipts);
      next = page.next;
    }
  }

  get publicKey(): string {
    return (this.receipts.read(0, 1) as Page).publicKey;
  }
}

const check = (stand: Stand, { ocmf = "" }: Kept) => checkRecord(ocmf, stand.publicKey);

describe("A session's receipt", () => {
  test("is a record of OCMF that Node's own cryptography finds signed, with the meter's readings at begin and end", async () => {
    const stand = new Stand();
    const opened = stand.bench.circuit.socket.read().total;
    await stand.session();
    await stand.bench.clock.run(3 * MINUTE);
    const [kept, ...others] = stand.all();
    assert.ok(kept);
    assert.deepEqual(others, []);
    const record = check(stand, kept);
    const [line] = stand.sessions.read(1) as { session: string; paidSat: number; energyMwh: number }[];
    assert.equal(record.session, line?.session);
    assert.equal(record.paidSat, line?.paidSat);
    assert.equal(record.pagination, "T1");
    assert.equal(record.isCalibrated, true);
    assert.equal(Math.round(record.energyWh * 1000), line?.energyMwh);
    assert.ok((record.readings[0]?.wattHours ?? 0) * 1e6 >= opened);
    const meter = stand.bench.circuit.socket.read().total / 1e6;
    assert.ok(Math.abs((record.readings[1]?.wattHours ?? 0) - meter) < 0.1, "the cable is away: nothing flowed since");
    assert.deepEqual(
      record.readings.map(({ reason }) => reason),
      ["B", "E"],
    );
    assert.match(kept.ocmf ?? "", /^OCMF\|\{"FV":"1\.2",.*\}\|\{"SA":"ECDSA-secp256k1-SHA256",/);
  });

  test("is signed after the session, with nobody served; then the next session has the next number", async () => {
    const stand = new Stand();
    await stand.bench.clock.run(2 * MINUTE);
    assert.equal(stand.signatures, 0, "a session runs");
    await stand.session();
    await stand.bench.clock.run(3 * MINUTE);
    await stand.session();
    await stand.bench.clock.run(3 * MINUTE);
    assert.deepEqual(stand.relayAtSigning, [false, false]);
    assert.deepEqual(
      stand.all().map((each) => check(stand, each).pagination),
      ["T1", "T2"],
    );
    const [first, second] = stand.all().map((each) => check(stand, each).readings);
    assert.ok((second?.[0]?.wattHours ?? 0) >= (first?.[1]?.wattHours ?? 0), "the meter's readings do not fall");
    assert.ok(stand.told.includes("receipt"));
  });

  test("waits while the next cable is served", async () => {
    const stand = new Stand();
    await stand.session();
    // Its session is over, and the next one begins before a receipt was made.
    while (!stand.bench.named("session-ended").length) await stand.bench.clock.run(500);
    stand.bench.plugIn();
    await stand.bench.clock.run(2 * MINUTE);
    assert.equal(stand.bench.socket.record.state, "paid");
    assert.equal(stand.signatures, 0);
    stand.bench.unplug();
    await stand.bench.clock.run(4 * MINUTE);
    assert.deepEqual(
      stand.all().map((each) => check(stand, each).pagination),
      ["T1", "T2"],
    );
  });

  test("keeps its key and its number over restarts, and the last twenty are there", { timeout: 120_000 }, async () => {
    const stand = new Stand();
    for (let n = 0; n < MOST_RECEIPTS + 2; n++) {
      await stand.session();
      await stand.bench.clock.run(2 * MINUTE);
      stand.bench.network.mineMany(1);
      if (n % 7 === 6) stand.restart();
    }
    const kept = stand.all();
    assert.deepEqual(
      kept.map((each) => check(stand, each).pagination),
      Array.from({ length: MOST_RECEIPTS }, (_, at) => `T${at + 3}`),
    );
    assert.deepEqual(
      (stand.receipts.read(undefined, 3) as Page).receipts.map(({ number }) => number),
      [20, 21, 22],
    );
    const later = stand.receipts.read(21, 3) as Page;
    assert.deepEqual([later.receipts.map(({ number }) => number), later.next], [[22], 22]);
  });

  test("outlives a reset, with the key and the count", async () => {
    const stand = new Stand();
    await stand.session();
    await stand.bench.clock.run(3 * MINUTE);
    const { publicKey } = stand;
    stand.cut();
    askReset(stand.store);
    assert.equal(finishReset({ owner: stand.store, device: stand.store, kind: "socket" }), true);
    stand.restart();
    assert.equal(stand.publicKey, publicKey);
    assert.equal(stand.all().length, 1);
    assert.deepEqual(stand.sessions.read(20), []);
  });
});

describe("A cut of power", () => {
  test("within a session ends it: its receipt says so, and its energy is what was written", async () => {
    const stand = new Stand();
    await stand.bench.clock.run(2 * MINUTE);
    const flowed = stand.bench.circuit.socket.read().total / 1e6;
    stand.restart();
    stand.bench.unplug();
    await stand.bench.clock.run(3 * MINUTE);
    const [kept] = stand.all();
    assert.ok(kept);
    const { readings } = check(stand, kept);
    assert.deepEqual(
      readings.map(({ reason, flags }) => [reason, flags]),
      [
        ["B", "t"],
        ["P", "t"],
      ],
    );
    const end = readings[1]?.wattHours ?? 0;
    assert.ok(end <= flowed && end > flowed - 3, `${end} of ${flowed} Wh`);
  });

  test("that leaves nothing of a session but its settlement leaves the word that its receipt is missing, once", async () => {
    const stand = new Stand();
    await stand.session();
    while (!stand.bench.named("session-ended").length) await stand.bench.clock.run(500);
    stand.cut();
    const session = stand.bench.named("session-ended")[0]?.session;
    stand.store.remove("s0");
    for (let start = 0; start < 2; start++) {
      stand.restart();
      await stand.bench.clock.run(2 * MINUTE);
    }
    const missing = "the power was cut before its end was written";
    assert.deepEqual(stand.all(), [{ number: 1, session, missing }]);
    assert.ok(stand.told.includes(`receipt-missing ${missing}`));
    await stand.session();
    await stand.bench.clock.run(2 * MINUTE);
    assert.equal(check(stand, stand.all()[1] as Kept).pagination, "T2");
  });

  for (const kind of ["lost", "torn", "kept"] as const)
    test(`at any write from the session's last minute on leaves one receipt, or the word that it is missing (${kind})`, {
      timeout: 240_000,
    }, async () => {
      const seen = { signed: 0, missing: 0 };
      for (let write = 1; ; write++) {
        const stand = new Stand();
        await stand.bench.clock.run(MINUTE);
        stand.store.onCut = () => stand.cut();
        stand.store.cutIn = { writes: write, kind };
        await stand.session();
        await stand.bench.clock.run(2 * MINUTE);
        const wasCut = stand.store.cutIn === undefined;
        stand.store.cutIn = undefined;
        if (wasCut) stand.restart();
        await stand.bench.clock.run(3 * MINUTE);
        const kept = stand.all();
        assert.equal(kept.length, 1, `cut at write ${write}: ${JSON.stringify(kept)} ${stand.told.join()}`);
        const [only] = kept as [Kept];
        assert.equal(only.number, 1);
        if (only.missing === undefined) {
          check(stand, only);
          seen.signed++;
        } else seen.missing++;
        if (!wasCut) break;
      }
      assert.ok(seen.signed > 5, JSON.stringify(seen));
    });
});

test("what flows between a session's opening and its first payment is on the receipt of the one before, and on no other", () => {
  let total = 0;
  const clock = new VirtualClock();
  const log = new SessionLog({ clock, store: new CutStore(), report: () => {}, total: () => total });
  const one = { scheme: "single-fee", price: 250_000 } as const;
  log.paid({ ...one, id: "aa" } as Session, 1000, 1, 0);
  total = 5_000_000;
  log.ended("aa", "full");
  // The next one opened at 4 Wh and is paid at 5.
  log.paid({ ...one, id: "bb" } as Session, 1000, 1, 4_000_000);
  total = 9_000_000;
  log.ended("bb", "left");
  log.delivered();
  const readings = log.past().map(({ entry: { from, energyMwh = 0 } }) => [from, from + energyMwh * 1000]);
  assert.deepEqual(readings, [
    [0, 5_000_000],
    [5_000_000, 9_000_000],
  ]);
});

test("over the owner's protocol receipts come three at a time, by both ways, from a socket only", async () => {
  const { bench, socket, cable } = owned();
  assert.deepEqual(await socket.get("receipts"), { publicKey: null, receipts: [], next: 0 });
  await bench.clock.run(2 * MINUTE);
  bench.unplug();
  await bench.clock.run(3 * MINUTE);
  const { publicKey, receipts, next } = await socket.get("receipts", {}, "http");
  assert.equal(receipts.length, 1);
  assert.equal(next, 1);
  const record = checkRecord(receipts[0].ocmf, publicKey);
  assert.equal(record.isCalibrated, false);
  assert.deepEqual(await socket.get("receipts", { after: 1 }), { publicKey, receipts: [], next: 1 });
  assert.equal((await socket.ask("receipts", { limit: 4 })).error?.code, -32602);
  assert.equal((await socket.ask("receipts", { after: -1 })).error?.code, -32602);
  assert.equal((await cable.ask("receipts")).error?.code, -32601);
  // The cable's own account of the same session.
  const { sessions } = await cable.get("sessions");
  assert.equal(sessions[0].session, record.session);
  assert.equal(sessions[0].paidSat, record.paidSat);
});

test("nothing of the identity's secret is told", async () => {
  const stand = new Stand();
  await stand.session();
  await stand.bench.clock.run(3 * MINUTE);
  const secret = Buffer.from(stand.store.read("identity")?.slice(0, 32) ?? []).toString("hex");
  assert.equal(secret.length, 64);
  assert.ok(!JSON.stringify(stand.receipts.read(0, 3)).includes(secret));
  assert.ok(!stand.told.join().includes(secret));
});
