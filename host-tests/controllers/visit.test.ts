// A cable on a direct link pays the socket that it sits in, however many others are nearer by
// radio, and what it pays to others by mistake is bounded, written down and drawn on its return.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Room, type RoomOptions, type Seat } from "../../lab/model/room";
import type { Status } from "../../shared/protocol/types";

const MINUTE = 60_000;
const HEATER = 2_000_000;
const PHONE = 5_000;
/** What one increment costs, by the usual settings. */
const INCREMENT = 1_000;
const MAX_CLAIMS = 3 * INCREMENT;

/** A room whose first socket has a cable in it, and one beside that the cable hears louder. */
function room(load: number, options: Partial<RoomOptions> = {}): { room: Room; seat: Seat; loud: Seat } {
  const made = new Room({ seed: 3, loads: [load], ...options });
  const [seat] = made.seats;
  if (!seat) throw new Error("expected a seat");
  return { room: made, seat, loud: made.imitator() };
}

/** Answers for `seat` what `lie` makes of its socket's status. */
function lying(seat: Seat, lie: (status: Status) => Status): void {
  seat.front = (socket) => ({
    getStatus: async (request, peer) => lie(await socket.getStatus(request, peer)),
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => socket.payTransaction(request, peer),
  });
}

/** A meter that follows what a heater behind a blink and then a whole lease would draw. */
function guessing(): (status: Status) => Status {
  let asked = 0;
  return (status) => {
    asked = status.state === "paid" ? asked + 1 : 0;
    return { ...status, used: asked < 2 ? 0 : 13 + 280 * (asked - 2) };
  };
}

for (const [load, foundOut, drawn] of [
  [
    HEATER,
    "an honest socket that is louder is found out by its meter, with 2 kW, and standby carries the looking",
    "what an honest socket was paid by mistake is drawn when the cable comes to it, with 2 kW",
  ],
  [
    PHONE,
    "an honest socket that is louder is found out by its meter, with 5 W, and standby carries the looking",
    "what an honest socket was paid by mistake is drawn when the cable comes to it, with 5 W",
  ],
] as const) {
  test(foundOut, async () => {
    const { room: all, seat } = room(load);
    all.start();
    assert.ok(await all.untilServed(3 * MINUTE));
    assert.equal(all.named("elsewhere", "cable").length, 1);
    assert.equal(seat.cuts, 0, "the cable kept its power");
    assert.equal(all.claims(seat), INCREMENT, "one increment waits there");
  });

  test(drawn, async () => {
    const { room: all, seat, loud } = room(load);
    all.start();
    assert.ok(await all.untilServed(3 * MINUTE));
    await all.run(2 * MINUTE);
    const paid = all.named("paid").length;
    seat.moveTo(loud);
    assert.ok(await all.untilServed(5 * MINUTE, [loud]));
    assert.equal(all.named("paid").length, paid, "nothing more was paid");
    assert.ok(all.named("credit-honoured").some(({ device }) => device === `socket ${loud.name}`));
    assert.ok(all.claims(loud) <= INCREMENT, "what is left at the first socket is a claim now");
  });
}

test("a louder socket whose meter lies is found out by the power, which goes within two seconds; the next start tries another", async () => {
  const { room: all, seat, loud } = room(HEATER);
  lying(loud, guessing());
  all.start();
  assert.ok(await all.untilServed(60 * MINUTE));
  assert.equal(seat.cuts, 1);
  const found = all.named("elsewhere", "cable");
  assert.deepEqual(
    found.map(({ place, why }) => [place, why]),
    [[loud.bssid, "the power went"]],
  );
  assert.ok(all.claims(seat) <= INCREMENT);
  // It is remembered, though it is as loud as before.
  seat.unplug();
  await all.run(MINUTE);
  seat.plugIn();
  assert.ok(await all.untilServed(3 * MINUTE));
  assert.equal(all.named("elsewhere", "cable").length, 1);
});

test("the same socket again pays once, and no doubt costs it a look at the meters", async () => {
  const made = new Room({ seed: 3, loads: [HEATER, 0], apart: 3 });
  const [seat] = made.seats as [Seat];
  made.start();
  assert.ok(await made.untilServed(3 * MINUTE, [seat]));
  const paid = made.named("paid", "cable 00").length;
  seat.unplug();
  await made.run(MINUTE);
  seat.plugIn();
  const before = made.clock.now();
  while (!seat.circuit.cable.closed) await made.clock.run(10);
  assert.ok(made.clock.now() - before < 3_000, `${made.clock.now() - before} ms`);
  await made.run(5_000);
  assert.ok(seat.isServed);
  assert.equal(made.named("paid", "cable 00").length, paid);
});

test("imitators without end, each with a new name and payee, take no more than the owner's limit and one increment", async () => {
  const made = new Room({ seed: 5, loads: [HEATER] });
  const [seat] = made.seats as [Seat];
  for (let i = 0; i < 12; i++) made.imitator();
  made.start();
  await made.run(20 * MINUTE);
  const paid = made.named("paid", "cable");
  const others = paid.length - (seat.isServed ? 1 : 0);
  assert.ok(others >= 3, `${others} were paid`);
  assert.ok(made.claims(seat) <= MAX_CLAIMS + INCREMENT, `${made.claims(seat)} sat`);
  assert.ok(others * INCREMENT <= MAX_CLAIMS + INCREMENT);
});

test("a louder socket that says nothing, is in lockout, or serves another cable is passed over without a payment", async () => {
  for (const manner of ["silent", "lockout", "serving"] as const) {
    const { room: all, seat, loud } = room(HEATER);
    let used = 0;
    if (manner === "silent")
      loud.front = () => {
        const never = () => new Promise<never>(() => {});
        return { getStatus: never, powerRequest: never, payTransaction: never };
      };
    else if (manner === "lockout") lying(loud, (status) => ({ ...status, state: "lockout", lockoutMs: 60_000 }));
    else
      loud.front = (socket) => ({
        getStatus: async (request, peer) => {
          used += 2_000;
          return { ...(await socket.getStatus(request, peer)), state: "paid", used };
        },
        powerRequest: async () => {
          const { Fault } = await import("../../shared/protocol/faults");
          throw new Fault("socket-busy", "", 30_000);
        },
        payTransaction: (request, peer) => socket.payTransaction(request, peer),
      });
    all.start();
    assert.ok(await all.untilServed(50_000), manner);
    assert.equal(all.claims(seat), 0, manner);
    assert.deepEqual(
      all.named("passed", "cable").map(({ place }) => place),
      [loud.bssid],
      manner,
    );
    assert.equal(seat.cuts, 0, manner);
  }
});

test("no appliance, or one that is switched on later, leaves the question open until something flows", async () => {
  const { room: all, seat } = room(0);
  all.start();
  await all.run(20_000);
  assert.equal(all.named("elsewhere", "cable").length, 0);
  seat.circuit.load = HEATER;
  assert.ok(await all.untilServed(5 * MINUTE));
  assert.equal(seat.cuts, 0, "a blink told the meters apart before standby opened");
});

test("power that is cut at any write of the journal loses nothing: the cable ends in its own socket, and owes are bounded", async () => {
  let writes = 0;
  for (const kind of ["lost", "torn", "kept"] as const)
    for (let at = 1; at <= Math.max(1, writes || 12); at++) {
      const { room: all, seat } = room(HEATER, { seed: 11 });
      seat.cableStore.cutIn = { writes: at, kind };
      all.start();
      assert.ok(await all.untilServed(60 * MINUTE), `${kind} at ${at}`);
      assert.ok(all.claims(seat) <= 2 * INCREMENT, `${kind} at ${at}: ${all.claims(seat)} sat`);
      if (seat.cuts > 0) assert.ok(seat.cuts <= 3);
      writes = Math.max(writes, Math.min(14, seat.cableStore.writes));
    }
});
