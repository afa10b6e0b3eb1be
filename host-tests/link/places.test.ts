// Which access point a cable tries next, and what a power cut says about the last one.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AccessPoint,
  afterPowerLoss,
  asking,
  atStage,
  isDirect,
  isHome,
  nextPlace,
  type Places,
  placesShape,
  proven,
  setAside,
} from "../../shared/link/places";

const NOWHERE: Places = { tried: [] };

function point(number: number, strength: number, ssid = `plugpay-0${number}`): AccessPoint {
  return { ssid, bssid: `02504c55000${number}`, channel: 6, strength };
}

const NEAR = point(1, -30);
const NEXT = point(2, -42);
const FAR = point(3, -60);
const ALL = [FAR, NEAR, NEXT];

/** Whose turn it is, one after the other, where each comes to nothing. */
function order(
  found: readonly AccessPoint[],
  places: Places,
  wrong: (bssid: string) => boolean,
  times: number,
): number[] {
  const turns: number[] = [];
  let now = places;
  for (let i = 0; i < times; i++) {
    const place = nextPlace(found, now);
    if (!place) break;
    turns.push(Number(place.bssid.slice(-1)));
    now = setAside(asking(now, place), wrong(place.bssid));
  }
  return turns;
}

test("only names of sockets' access points are joined", () => {
  for (const ssid of ["plugpay-0a", "plugpay-02504c550001"]) assert.ok(isDirect(ssid), ssid);
  for (const ssid of ["plugpay-", "plugpay-xy", "plugpay", "home", "Plugpay-0a", "plugpay-0A"])
    assert.ok(!isDirect(ssid), ssid);
  assert.equal(nextPlace([point(1, -10, "home")], NOWHERE), undefined);
});

test("the strongest is tried first, and all before one a second time", () => {
  assert.deepEqual(
    order(ALL, NOWHERE, () => false, 6),
    [1, 2, 3, 1, 2, 3],
  );
});

test("what was wrong comes after all that was not tried, and after what only gave nothing", () => {
  assert.deepEqual(
    order(ALL, NOWHERE, (bssid) => bssid === NEAR.bssid, 5),
    [1, 2, 3, 2, 3],
  );
  const remembered = { tried: [{ bssid: NEAR.bssid, wrong: true }] };
  assert.equal(nextPlace(ALL, remembered), NEXT);
  assert.deepEqual(
    order(ALL, remembered, () => true, 4),
    [2, 3, 1, 2],
  );
});

test("where the cable sat last comes first, unless another is stronger by more than 10 dB", () => {
  const at = (place: AccessPoint): Places => ({ home: { bssid: place.bssid, channel: 6 }, tried: [] });
  assert.equal(nextPlace([point(1, -33), NEXT], at(NEXT)), NEXT);
  assert.equal(nextPlace([NEAR, NEXT], at(NEXT)), NEAR);
  // Without a doubt only where nothing is stronger.
  assert.ok(isHome(NEAR, ALL, at(NEAR)));
  assert.ok(!isHome(NEXT, ALL, at(NEXT)));
  assert.ok(!isHome(NEAR, ALL, { ...at(NEAR), tried: [{ bssid: NEAR.bssid, wrong: true }] }));
  assert.ok(!isHome(NEAR, ALL, NOWHERE));
});

test("power that goes within two seconds of the relay's closing means the wrong socket", () => {
  const closing = atStage(asking(NOWHERE, NEAR), "closing", "0014aa");
  const after = afterPowerLoss(closing);
  assert.deepEqual(after, { tried: [{ bssid: NEAR.bssid, wrong: true }] });
  assert.equal(nextPlace(ALL, after), NEXT);
});

test("power that goes later may have been the plug: the same is asked once more, and then it was wrong", () => {
  const held = atStage(asking(NOWHERE, NEAR), "held", "0014aa");
  const once = afterPowerLoss(held);
  assert.equal(nextPlace(ALL, once), NEAR);
  const twice = afterPowerLoss(atStage(asking(once, NEAR), "held", "0014aa"));
  assert.equal(nextPlace(ALL, twice), NEXT);
  assert.deepEqual(twice.tried, [{ bssid: NEAR.bssid, wrong: true }]);
});

test("power that goes before the relay closed says nothing against the socket, but another has its turn", () => {
  const after = afterPowerLoss(asking(NOWHERE, NEAR));
  assert.deepEqual(after.tried, [{ bssid: NEAR.bssid, wrong: false }]);
  assert.equal(nextPlace(ALL, after), NEXT);
});

test("the right one is remembered as home; what was wrong stays so, what gave nothing has another chance", () => {
  const tried = [
    { bssid: NEAR.bssid, wrong: true },
    { bssid: FAR.bssid, wrong: false },
  ];
  const found = proven(asking({ tried }, NEXT));
  assert.deepEqual(found, { home: { bssid: NEXT.bssid, channel: 6 }, tried: [tried[0]] });
  // One that was taken for wrong, and is not.
  assert.deepEqual(proven(asking({ tried }, NEAR)).tried, []);
});

test("of many only the latest are remembered, and the journal takes them all", () => {
  let places = NOWHERE;
  for (let i = 0; i < 100; i++)
    places = setAside(asking(places, { ...NEAR, bssid: `02504c55${i.toString(16).padStart(4, "0")}` }), i % 2 === 0);
  assert.equal(places.tried.length, 32);
  const full = atStage(asking({ ...places, home: { bssid: NEAR.bssid, channel: 1 } }, NEXT), "held", "0014aa");
  assert.deepEqual(placesShape(JSON.parse(JSON.stringify(full))), full);
  assert.throws(() => placesShape({ tried: [{ bssid: "xy", wrong: true }] }), /6 bytes/);
});
