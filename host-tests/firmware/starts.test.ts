// What runs on a board before anything else may throw nothing: XS ends in a restart when nobody
// catches it. The real modules, with stand-ins for the SDK's that fail as the SDK's do while the
// world is not ready.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { ROOT } from "../../tools/firmware/image";

interface World {
  /** What was printed, line by line. */
  readonly printed: string[];
  /** Timers that were set: action and delay. */
  readonly timers: { action: () => void; delay: number }[];
  readonly failures: Record<string, number>;
  onChanged?: (what: string) => void;
  connection: number;
  /** What a device that died again and again is told to wait, ms. */
  pause?: number;
  readonly calls: string[];
  /** What the store holds, by namespace, key and format. */
  readonly stored: Map<string, string>;
  /** The access point that is joined, and its channel. */
  place?: readonly [string, number];
}

const STAND_INS: Readonly<Record<string, string>> = {
  timer:
    "export default { set: (action, delay) => world.timers.push({ action, delay }), repeat: (action, delay) => world.timers.push({ action, delay }) };",
  "mc/config":
    'export default { ssid: "home", password: "secret", address: "169.254.1.1", hostname: "plugpay", port: 80, ...world.config };',
  "plugpay/console": "export const print = (text) => world.printed.push(text.trim());",
  "plugpay/restarts":
    "export const restartPause = () => world.pause ?? 0; export const watchRestarts = () => world.call('watch');",
  "plugpay/entropy": 'export const drawSeed = () => world.call("seed");',
  "plugpay/ethernet-qemu": 'export default () => world.call("card");',
  "embedded:network/interface/wifi":
    "export default class { constructor({ onChanged }) { world.call('wifi'); world.onChanged = onChanged; } connect() { world.call('join'); } disconnect() { world.call('let go'); } get connection() { return world.connection; } get BSSID() { return world.place?.[0]; } get channel() { return world.place?.[1]; } }",
  "plugpay/access-point":
    "export default (address, mask, port, channel) => { world.call(['open', address, mask, port, channel].join(' ')); return 'plugpay-550001'; };",
  "plugpay/fast-join":
    "export default (ssid, password, bssid, channel) => world.call(['join', ssid, 'at', bssid, 'on', channel].join(' '));",
  "embedded:storage/key-value":
    "export default { open: ({ path, format }) => ({ read: (key) => world.stored.get([path, key, format].join(' ')), write: (key, value) => { world.call('write'); world.stored.set([path, key, format].join(' '), value); } }) };",
  "embedded:network/interface/ethernet":
    "export default class { constructor() { world.call('ethernet'); } configure() {} connect() { world.call('connect'); } }",
};

/** Runs `file`'s default export in a world where each call fails as often as `failures` says. */
async function run(
  file: string,
  failures: Record<string, number>,
  give: string,
  pause = 0,
  stored = new Map<string, string>(),
  config: Readonly<Record<string, unknown>> = {},
): Promise<World> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, file)],
    bundle: true,
    format: "iife",
    globalName: "subject",
    write: false,
    logLevel: "silent",
    plugins: [
      {
        name: "stand-ins",
        setup(builder) {
          const named = (path: string): boolean => STAND_INS[path] !== undefined;
          builder.onResolve({ filter: /^plugpay\/tell$/ }, () => ({ path: join(ROOT, "firmware/link/tell.ts") }));
          builder.onResolve({ filter: /.*/ }, ({ path }) =>
            named(path) ? { path, namespace: "stand-in" } : undefined,
          );
          builder.onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({ contents: STAND_INS[path] ?? "" }));
        },
      },
    ],
  });
  const world = {
    printed: [],
    timers: [],
    failures,
    connection: 300,
    stored,
    pause,
    config,
    calls: [] as string[],
  } as unknown as World;
  const call = (name: string): void => {
    const left = failures[name] ?? 0;
    failures[name] = left - 1;
    if (left > 0) throw new Error(`${name} is not ready`);
    world.calls.push(name);
  };
  new Function("world", `${outputFiles[0]?.text ?? ""}\n${give}`)(Object.assign(world, { call }));
  return world;
}

/** Runs the timers that were set, a few rounds. */
function pass(world: World): void {
  for (let round = 0; round < 5; round++) for (const { action } of world.timers.splice(0)) action();
}

test("Wi-Fi that refuses at first is asked again, and joining failed asks again", async () => {
  const world = await run(
    "firmware/link/wifi.ts",
    { wifi: 1, join: 2 },
    "subject.default(() => world.calls.push('done'));",
  );
  pass(world);
  assert.deepEqual(world.calls, ["seed", "done", "wifi", "join"]);
  assert.deepEqual(
    world.printed.map((line) => JSON.parse(line).why),
    ["Error: wifi is not ready", "Error: join is not ready", "Error: join is not ready"],
  );
  world.onChanged?.("connection");
  assert.deepEqual(
    world.timers.map(({ delay }) => delay),
    [2000],
  );
});

const AT = "net ap string";
const PLACE = "11 02:50:4c:55:00:01 home";

test("where Wi-Fi was joined is written once, and tried first at the next start, on its channel", async () => {
  const first = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});");
  first.place = ["02:50:4c:55:00:01", 11];
  first.connection = 500;
  for (let k = 0; k < 3; k++) first.onChanged?.("address");
  assert.deepEqual(first.calls, ["seed", "wifi", "join", "write"]);
  assert.equal(first.stored.get(AT), PLACE);
  const next = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});", 0, first.stored);
  assert.deepEqual(next.calls, ["seed", "wifi", "join home at 02:50:4c:55:00:01 on 11"]);
  next.connection = 500;
  pass(next);
  assert.equal(next.calls.length, 3, "joined: nothing else is tried");
});

test("a socket opens its own access point once, when the radio is up, on the house's last channel; looking for the house it rests longer", async () => {
  const give = "subject.default(() => {});";
  const direct = { direct: true, port: 8080 };
  const world = await run("firmware/link/wifi.ts", { wifi: 1, join: 2 }, give, 0, new Map(), direct);
  pass(world);
  assert.deepEqual(world.calls, ["seed", "wifi", "open 169.254.80.80 255.255.0.0 8080 1", "join"]);
  assert.ok(world.printed.includes('{"name":"access-point","ssid":"plugpay-550001"}'));
  world.onChanged?.("connection");
  assert.equal(world.timers.at(-1)?.delay, 15_000);
  const known = await run("firmware/link/wifi.ts", {}, give, 0, new Map([[AT, PLACE]]), direct);
  assert.deepEqual(known.calls.slice(0, 3), ["seed", "wifi", "open 169.254.80.80 255.255.0.0 8080 11"]);
});

test("an access point that does not open is told, and the house is joined all the same", async () => {
  const open = "open 169.254.80.80 255.255.0.0 8080 1";
  const config = { direct: true, port: 8080 };
  const world = await run("firmware/link/wifi.ts", { [open]: 9 }, "subject.default(() => {});", 0, new Map(), config);
  pass(world);
  assert.deepEqual(world.calls, ["seed", "wifi", "join"]);
  assert.deepEqual(
    world.printed.map((line) => JSON.parse(line).where),
    ["access-point"],
  );
});

test("an access point that is not where it was is left after 1.5 s, for any of that name, and is not tried again", async () => {
  const world = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});", 0, new Map([[AT, PLACE]]));
  assert.deepEqual(
    world.timers.map(({ delay }) => delay),
    [1500],
  );
  pass(world);
  assert.deepEqual(world.calls.slice(2), ["join home at 02:50:4c:55:00:01 on 11", "let go", "join"]);
  world.connection = 200;
  world.onChanged?.("connection");
  pass(world);
  assert.deepEqual(world.calls.slice(5), ["join"]);
});

test("what is remembered of another network, is nonsense, or is refused by the radio is not waited for", async () => {
  for (const stored of ["11 02:50:4c:55:00:01 other", "nonsense", ""]) {
    const world = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});", 0, new Map([[AT, stored]]));
    assert.deepEqual(world.calls, ["seed", "wifi", "join"], stored);
  }
  const refused = { "join home at 02:50:4c:55:00:01 on 11": 1 };
  const world = await run("firmware/link/wifi.ts", refused, "subject.default(() => {});", 0, new Map([[AT, PLACE]]));
  assert.deepEqual(world.calls, ["seed", "wifi", "join"]);
  assert.match(world.printed[0] ?? "", /is not ready/);
});

test("the random seed is drawn before the radio starts", async () => {
  const { calls } = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});");
  assert.deepEqual(calls, ["seed", "wifi", "join"]);
});

test("Ethernet whose PHY does not answer is tried again", async () => {
  const world = await run(
    "firmware/link/ethernet.ts",
    { ethernet: 2 },
    "subject.default(() => world.calls.push('done'));",
  );
  pass(world);
  assert.deepEqual(world.calls, ["done", "ethernet", "connect"]);
  assert.equal(world.printed.length, 2);
});

test("an emulator without a network card is told, and the device goes on", async () => {
  const world = await run("firmware/link/qemu.ts", { card: 1 }, "subject.default(() => world.calls.push('done'));");
  assert.deepEqual(world.calls, ["done"]);
  assert.deepEqual(JSON.parse(world.printed[0] ?? ""), {
    name: "error",
    where: "ethernet",
    why: "Error: card is not ready",
  });
});

test("a device that cannot start says why, and says it again, instead of restarting", async () => {
  const world = await run(
    "firmware/platform/start.ts",
    {},
    "subject.guarded('start', () => { throw new RangeError('no such setting'); });",
  );
  pass(world);
  assert.ok(world.printed.length >= 2);
  assert.deepEqual(JSON.parse(world.printed[0] ?? ""), {
    name: "error",
    where: "start",
    why: "RangeError: no such setting",
  });
});

test("a device that died again and again tells that it waits, and works afterwards; its radio waits too", async () => {
  const world = await run("firmware/platform/start.ts", {}, "subject.paced(() => world.calls.push('main'));", 4000);
  assert.deepEqual(world.calls, ["watch"]);
  assert.deepEqual(JSON.parse(world.printed[0] ?? ""), { name: "paused", time: 4000 });
  assert.deepEqual(
    world.timers.map(({ delay }) => delay),
    [4000],
  );
  pass(world);
  assert.deepEqual(world.calls, ["watch", "main"]);
  const radio = await run("firmware/link/wifi.ts", {}, "subject.default(() => {});", 4000);
  assert.deepEqual(radio.calls, ["seed"]);
  pass(radio);
  assert.deepEqual(radio.calls, ["seed", "wifi", "join"]);
});

test("a device that starts in the usual way does not wait", async () => {
  const world = await run("firmware/platform/start.ts", {}, "subject.paced(() => world.calls.push('main'));");
  assert.deepEqual([world.calls, world.timers.length, world.printed.length], [["watch", "main"], 0, 0]);
});
