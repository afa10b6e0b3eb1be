// The owner's settings over the image's: checked by the table, all or nothing, kept over cuts of
// power and newer images.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CutKind, CutStore } from "../../lab/model/store";
import { cableSettings } from "../../shared/cable/settings";
import { Journal } from "../../shared/journal/journal";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { encodeUtf8 } from "../../shared/kernel/utf8";
import { secretOf } from "../../shared/owner/credentials";
import { type JsonObject, readJson } from "../../shared/owner/json";
import { type Problem, RpcError, type Way } from "../../shared/owner/json-rpc";
import type { Plain } from "../../shared/owner/plain";
import { OwnerSettings } from "../../shared/owner/settings";
import { wifiOf } from "../../shared/owner/wifi";
import { type Device, ownerTable } from "../../shared/settings/owner";
import { type SocketSettings, sellingSettings } from "../../shared/socket/settings";

const PAYOUT = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const OTHER = "bcrt1qqvs9e7k64k36kvzu6dg9clmrvs0xa798arkh39";
const IMAGE = { network: "regtest", payoutAddress: PAYOUT, price: 300 };
const FILE = { esplora: "http://10.0.0.9:3000", ownerPort: 8081 };

interface Shown {
  readonly settings: Record<string, unknown>;
  readonly own: readonly string[];
  readonly secrets: readonly string[];
  readonly waiting: readonly string[];
  readonly refused: readonly { readonly name: string; readonly why: string }[];
}

function open({
  store = new CutStore(),
  image = IMAGE as Plain,
  file = FILE as Plain,
  device = "socket" as Device,
  tooMuch = (_: Plain): Problem | undefined => undefined,
} = {}) {
  const told: DeviceEvent[] = [];
  const resolve = (given: Plain): Plain =>
    device === "socket" ? { ...sellingSettings(given as never) } : { ...cableSettings(given as never) };
  const report = (event: DeviceEvent): void => void told.push(event);
  const settings = new OwnerSettings({ device, store, image, file, resolve, tooMuch, report });
  const set = (values: object, way: Way = "serial") =>
    settings.set(readJson(encodeUtf8(JSON.stringify(values))) as JsonObject, way);
  return { settings, store, told, set, get: () => settings.get() as Shown };
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    return error.problems?.map(({ name, why }) => `${name}: ${why}`) ?? [error.why];
  }
  throw new Error("expected a refusal");
}

describe("settings.set", () => {
  test("changes the very object that the device works with; what needs a restart waits for it", () => {
    const { settings, set, get } = open();
    const live = settings.start<SocketSettings>();
    const change = set({ price: 250, feeLimit: 500, payoutAddress: OTHER });
    assert.deepEqual(change, {
      changed: ["price", "feeLimit", "payoutAddress"],
      session: ["price"],
      restart: ["payoutAddress"],
    });
    assert.deepEqual([live.price, live.feeLimit, live.payoutAddress], [250, 500, PAYOUT]);
    assert.deepEqual(get().waiting, ["payoutAddress"]);
    assert.equal(get().settings.payoutAddress, OTHER);
  });

  test("a default that follows from another setting follows it", () => {
    const { settings, set } = open();
    const live = settings.start<SocketSettings>();
    set({ increment: 2000 });
    assert.deepEqual([live.increment, live.sessionMax, live.exposureLimit], [2000, 20_000, 60_000]);
  });

  test("is there at the next start, over the image's", () => {
    const { set, store } = open();
    set({ price: 250, payoutAddress: OTHER });
    const live = open({ store }).settings.start<SocketSettings>();
    assert.deepEqual([live.price, live.payoutAddress, live.increment], [250, OTHER, 1000]);
  });

  test("of null takes the image's again", () => {
    const { set, get, store } = open();
    set({ price: 250 });
    set({ price: null });
    assert.equal(get().settings.price, 300);
    assert.deepEqual(open({ store }).get().own, []);
  });

  const wrong: readonly (readonly [what: string, values: object, problems: readonly (string | RegExp)[]])[] = [
    ["a name that there is not", { pryce: 1 }, ["pryce: there is no such setting; did you mean price?"]],
    ["a name that objects have", JSON.parse('{"__proto__": 1}'), [/^__proto__: there is no such setting/]],
    ["a value out of range", { price: 0 }, [/^price: expected a whole number \(sat\/kWh\) from 1 .* came 0$/]],
    ["a value of another kind", { price: "300" }, [/^price: expected a whole number.* came "300"$/]],
    ["a list for a number", { price: [[1]] }, [/^price: expected a whole number/]],
    [
      "two that contradict each other",
      { sessionMax: 500 },
      [/^sessionMax: expected at least increment \(1000\), came 500$/],
    ],
    [
      "an address of another chain",
      { payoutAddress: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4" },
      [/^payoutAddress: /],
    ],
    ["a word that is too long", { forgive: "x".repeat(33) }, [/^forgive: expected a text of 0 to 32 bytes/]],
    ["a short password", { ownerPassword: "seven.." }, [/^ownerPassword: expected a text of 8 to 64 bytes/]],
    ["a chain without backends", { chain: { backends: [] } }, [/^chain\.backends: expected a list of 1 to 8/]],
    [
      "a chain's backend with a name that there is not",
      { chain: { backends: [{ kind: "esplora", url: "http://a", pot: 1 }] } },
      [/^chain\.backends\[0\]\.pot: there is no such setting/],
    ],
    [
      "both ways to the chain",
      { esplora: "http://a", chain: { backends: [{ kind: "esplora", url: "http://b" }] } },
      [/came both/],
    ],
    ["what only a cable has", { maxDaily: 5 }, [/^maxDaily: there is no such setting/]],
    ["several wrong at once", { price: 0, increment: -1 }, [/^price/, /^increment/]],
    ["nothing", {}, ["expected settings by name, came none"]],
  ];
  for (const [what, values, expected] of wrong)
    test(`refuses ${what}, and changes nothing`, () => {
      const { set, get, store, settings } = open();
      const live = { ...settings.start<SocketSettings>() };
      const before = JSON.stringify(get());
      const found = problemsOf(() => set({ ...values }));
      assert.equal(found.length, expected.length, found.join("\n"));
      expected.forEach((each, at) => {
        if (typeof each === "string") assert.equal(found[at], each);
        else assert.match(found[at] ?? "", each);
      });
      assert.equal(JSON.stringify(get()), before);
      assert.equal(store.writes, 0);
      assert.deepEqual({ ...settings.start<SocketSettings>() }, live);
    });

  test("what the board's memory does not hold beside the rest is refused, and left out where an older image took it", () => {
    const store = new CutStore();
    open({ store }).set({ mqttHost: "hub" });
    const tooMuch = ({ mqttHost }: Plain) =>
      mqttHost === undefined ? undefined : { name: "mqttHost", why: "too much" };
    const { set, get, told } = open({ store, tooMuch });
    assert.deepEqual(get().refused, [{ name: "mqttHost", why: "too much" }]);
    assert.deepEqual(
      told.map(({ name }) => name),
      ["setting-refused"],
    );
    assert.deepEqual(
      problemsOf(() => set({ price: 250, mqttHost: "hub" })),
      ["mqttHost: too much"],
    );
    assert.equal(get().settings.price, 300);
    set({ price: 250 });
    assert.equal(get().settings.price, 250);
  });

  test("one wrong among right ones keeps all of them out", () => {
    const { set, get } = open();
    problemsOf(() => set({ price: 250, feeLimit: -1 }));
    assert.equal(get().settings.price, 300);
  });

  test("a chain of the owner's stands in for the image's server", () => {
    const { set, store } = open();
    set({ chain: { backends: [{ kind: "core", url: "http://10.0.0.5:8332", user: "u", password: "hidden" }] } });
    const { settings, get } = open({ store });
    assert.equal(settings.started("esplora"), undefined);
    assert.deepEqual(get().settings.chain, { backends: [{ kind: "core", url: "http://10.0.0.5:8332", user: "u" }] });
    assert.equal((settings.started("chain") as { backends: { password: string }[] }).backends[0]?.password, "hidden");
  });

  test("a store that takes nothing more changes nothing", () => {
    const { settings, set, store, get } = open();
    const live = settings.start<SocketSettings>();
    store.isFull = true;
    assert.throws(() => set({ price: 250 }), /the store is full/);
    assert.equal(live.price, 300);
    assert.deepEqual(get().own, []);
  });
});

describe("over the link", () => {
  const serial = [
    "network",
    "payoutAddress",
    "esplora",
    "chain",
    "ssid",
    "password",
    "ownerPort",
    "ownerPassword",
    "metricsToken",
    "mqttHost",
    "mqttPort",
    "mqttUser",
    "mqttPassword",
    "forgive",
  ];
  const values: Plain = {
    network: "regtest",
    payoutAddress: OTHER,
    esplora: "http://a",
    chain: { backends: [{ kind: "esplora", url: "http://a" }] },
    ssid: "net",
    password: "12345678",
    ownerPort: 1,
    ownerPassword: "12345678",
    metricsToken: "0123456789abcdef",
    mqttHost: "hub.local",
    mqttPort: 1884,
    mqttUser: "plug",
    mqttPassword: "secret",
    forgive: "now",
  };
  for (const name of serial)
    test(`a socket's ${name} is refused with a sentence, and nothing that came with it is done`, () => {
      const { set, get } = open();
      assert.match(
        problemsOf(() => set({ price: 250, [name]: values[name] }, "http")).join(),
        /over the serial port only, as/,
      );
      assert.equal(get().settings.price, 300);
    });

  test("a socket's price may be set", () => {
    const { set, get } = open();
    set({ price: 250 }, "http");
    assert.equal(get().settings.price, 250);
  });

  test("nothing of a cable's may", () => {
    const image = { network: "regtest" };
    const file = { socket: { host: "169.254.80.80", port: 8080 } };
    const { set, get } = open({ device: "cable", image, file });
    const { settings } = get();
    for (const { name } of ownerTable("cable").entries)
      if (settings[name] !== undefined)
        assert.match(problemsOf(() => set({ [name]: settings[name] }, "http")).join(), /serial port only/, name);
    set({ maxPrice: 500 });
    assert.equal(get().settings.maxPrice, 500);
  });
});

describe("secrets", () => {
  test("of a password its hash is kept, and nothing of it is ever given out", () => {
    const { set, store, get } = open();
    set({ ownerPassword: "correct horse", metricsToken: "0123456789abcdef", ssid: "net", password: "of the Wi-Fi" });
    set({ mqttPassword: "of the broker" });
    const { settings, get: later } = open({ store });
    assert.equal(settings.credentials.secret, secretOf("correct horse"));
    assert.deepEqual(later().secrets, ["password", "ownerPassword", "metricsToken", "mqttPassword"]);
    for (const shown of [JSON.stringify(get()), JSON.stringify(later())])
      assert.ok(!/horse|of the Wi-Fi|of the broker|0123456789abcdef|"password":|[0-9a-f]{64}/.test(shown), shown);
    const kept = [...store.values.values()].map((bytes) => new TextDecoder().decode(bytes)).join();
    assert.ok(!/horse|0123456789abcdef/.test(kept));
  });

  test("an image's password counts as it is written", () => {
    const { settings } = open({ file: { ...FILE, ownerPassword: "correct horse" } });
    assert.equal(settings.credentials.secret, secretOf("correct horse"));
    assert.equal(open().settings.credentials.secret, undefined);
  });
});

describe("the Wi-Fi that is joined", () => {
  const image = { ssid: "of the image", password: "its password" };

  test("is the owner's, before the image's; and one without a password has none", () => {
    const { set, store } = open();
    assert.deepEqual(wifiOf(store, image), image);
    set({ ssid: "Campsite", password: "a secret" });
    assert.deepEqual(wifiOf(store, image), { ssid: "Campsite", password: "a secret" });
    set({ password: null });
    assert.deepEqual(wifiOf(store, image), { ssid: "Campsite", password: "" });
  });

  test("is the image's where the store is damaged, and nothing is written then", () => {
    const { set, store } = open();
    set({ ssid: "Campsite", password: "a secret" });
    const writes = store.writes;
    for (const [key, bytes] of store.values) store.values.set(key, bytes.slice(0, 20));
    assert.deepEqual(wifiOf(store, image), image);
    assert.equal(store.writes, writes);
  });
});

describe("a cut of power", () => {
  for (const kind of ["lost", "torn", "kept"] satisfies CutKind[])
    test(`at any write (${kind}) leaves the settings before it, or those after it`, () => {
      const steps = [
        { price: 250 },
        { price: 251, feeLimit: 400 },
        { price: null },
        { ownerPassword: "correct horse" },
        { price: 253 },
      ];
      for (let cut = 1; cut <= steps.length; cut++) {
        const store = new CutStore();
        const { set, get } = open({ store });
        const states = [get()];
        store.cutIn = { writes: cut, kind };
        let isCut = false;
        store.onCut = () => {
          isCut = true;
        };
        for (const step of steps) {
          if (isCut) break;
          set(step);
          states.push(get());
        }
        const now = open({ store }).get();
        const [before, after] = states.slice(-2);
        const same = (state: Shown | undefined) =>
          state?.settings.price === now.settings.price && JSON.stringify(state?.own) === JSON.stringify(now.own);
        assert.ok(kind === "kept" ? same(after) : same(before), `cut ${cut}: ${JSON.stringify(now.own)}`);
      }
    });
});

describe("a newer image", () => {
  function stored(...settings: readonly { name: string; value: unknown }[]): CutStore {
    const store = new CutStore();
    const parse = (value: unknown) => value;
    new Journal<unknown>({ store, name: "owner", version: 1, parse, report: () => {} }).save({ settings });
    return store;
  }

  test("that does not know a setting, or takes other values, says so and starts without it", () => {
    const store = stored({ name: "gone", value: 1 }, { name: "price", value: 0 }, { name: "feeLimit", value: 400 });
    const { settings, told, get } = open({ store });
    const live = settings.start<SocketSettings>();
    assert.deepEqual([live.price, live.feeLimit], [300, 400]);
    assert.deepEqual(
      told.map(({ name, setting }) => `${name} ${setting}`),
      ["setting-refused gone", "setting-refused price"],
    );
    assert.deepEqual(
      get().refused.map(({ name }) => name),
      ["gone", "price"],
    );
  });

  test("whose own settings contradict the owner's starts without those", () => {
    const store = stored({ name: "sessionMax", value: 5000 }, { name: "feeLimit", value: 400 });
    const { settings, get } = open({ store, image: { ...IMAGE, increment: 6000 } });
    const live = settings.start<SocketSettings>();
    assert.deepEqual([live.sessionMax, live.feeLimit], [60_000, 400]);
    assert.deepEqual(
      get().refused.map(({ name }) => name),
      ["sessionMax"],
    );
  });

  test("keeps what it refused, for the older image that may come back, until its owner sets it anew", () => {
    const store = stored({ name: "gone", value: 1 }, { name: "price", value: 0 });
    open({ store }).set({ feeLimit: 400 });
    const again = open({ store });
    assert.deepEqual(
      again.get().refused.map(({ name }) => name),
      ["gone", "price"],
    );
    again.set({ price: 200 });
    assert.deepEqual(
      again.get().refused.map(({ name }) => name),
      ["gone"],
    );
    assert.deepEqual(
      open({ store })
        .get()
        .refused.map(({ name }) => name),
      ["gone"],
    );
  });

  test("that does not take the owner's payout address sells nothing, and says why", () => {
    const store = stored({ name: "payoutAddress", value: "bcrt1qnonsense0000" });
    const { settings, set } = open({ store });
    assert.throws(() => settings.start(), /payoutAddress: its owner's is not taken any more .*set it again/);
    set({ payoutAddress: OTHER });
    assert.throws(() => settings.start(), /set it again/, "until the restart it is as it began");
    assert.equal(open({ store }).settings.start<SocketSettings>().payoutAddress, OTHER);
  });
});
