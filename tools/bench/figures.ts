// Runs the benchmark's operations on the emulated core, over the libraries as they come and over
// the wallet.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { walletPlugin } from "../wallet/build";
import { wantedBy } from "../wallet/usage";
import { makeWallet, type Wallet } from "../wallet/wallet";
import { runScript } from "./engine";

const device = join(dirname(fileURLToPath(import.meta.url)), "device");
const cable = join(device, "../../../firmware/cable/main");

export const OPERATIONS = [
  "sha256Block",
  "hmac",
  "firstRequest",
  "firstPublicKey",
  "publicKey",
  "sign",
  "verify",
  "address",
  "build",
  "audit",
  "parse",
  "incrementCable",
  "incrementSocket",
  "renewalCable",
  "renewalSocket",
  "rpcDecode",
  "rpcEncode",
  "channelCable",
  "channelSocket",
  "channelClosing",
  "channelRefund",
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Instructions of the 32-bit core. */
export type Figures = Readonly<Record<Operation, { readonly asShipped: number; readonly wallet: number }>> & {
  /** Peak of the JavaScript heap over all operations, over the wallet, in bytes. */
  readonly heap: { readonly slots: number; readonly chunks: number };
};

/**
 * What a device's long payment needs at least is 45,056 bytes of chunks and 3,328 slots of 16
 * bytes, 96 KB in all (its manifest gives a little more). Here both sides of a payment live in one
 * heap, so it is twice as large.
 */
const HEAP = { chunks: 2 * 45_056, slots: 2 * 3_328 };

/**
 * The heap begins anew before anything runs: a function that waited meanwhile would lie in "flash"
 * itself.
 */
const SEAL = `host.seal(${HEAP.chunks}, ${HEAP.slots});`;
export const FROM_FLASH = `${SEAL} run();`;

/**
 * A heap that grows only when there is no more garbage to collect: its peak is what the operations
 * really need.
 */
const FROM_FLASH_SPARING = "host.seal(8192, 512); run();";

export async function benchWallet(): Promise<Wallet> {
  return makeWallet(await wantedBy([join(device, "operations.ts")]));
}

export function bundleOperations(call: string, plugins: readonly Plugin[]): Promise<string> {
  return script(`import { run } from "./operations"; ${call}`, plugins);
}

/**
 * And the operations of channels behind them. The peak of the heap is taken without: their names
 * alone move collections.
 */
function bundleAll(seal: string, plugins: readonly Plugin[]): Promise<string> {
  const source = `import { run } from "./operations"; import { channels } from "./channels"; ${seal} run(channels);`;
  return script(source, plugins);
}

/** The cable's own main on the board of device/board.ts. */
function bundleBoot(seal: string, plugins: readonly Plugin[]): Promise<string> {
  const source = `import { boot } from "./board"; import main from ${JSON.stringify(cable)}; ${seal} boot(main);`;
  return script(source, [board, ...plugins]);
}

/** "As they come" the curve is @noble/secp256k1, not ours. */
const libraryCurve: Plugin = {
  name: "library-curve",
  setup(build) {
    const file = join(device, "../../../lab/model/noble-secp256k1.ts");
    build.onResolve({ filter: /\/ecdsa$/ }, ({ resolveDir }) =>
      /\bcurve$/.test(resolveDir) ? undefined : { path: file },
    );
  },
};

/** What modules export that have more, or else, than a default export. */
const NAMED: Readonly<Record<string, string>> = {
  "plugpay/console": "print, noConsole as listen, noMemory as memory, noConsole as write",
  "plugpay/entropy": "entropy as default, drawSeed",
  "plugpay/radio": "begin, disputed, events, join, leave, next, probe, scan, settle"
    .split(", ")
    .map((name) => `noRadio as ${name}`)
    .join(", "),
  "plugpay/display": "noConsole as default",
  "plugpay/light": "noConsole as begin, noConsole as show",
  "plugpay/page": "noPage as length, read",
  "plugpay/restarts": "chip, lastWords, noConsole as restart, resetCause, restartPause, watchRestarts",
  "plugpay/sockets": "adopt, close, connect, favour, listen, peer, read, receive, say, take, talk, why, write",
  "plugpay/update": `slotState, ${["Abandon", "Begin", "Confirm", "Digest", "Room", "Use", "Write"].map((each) => `noPage as slot${each}`).join(", ")}`,
  "plugpay/wifi-sleep": "wifiSleep",
};
/** The SDK's modules by name, as device/board.ts has them. */
const BOARD: Readonly<Record<string, string>> = {
  "mc/config": "config",
  ...NAMED,
  "plugpay/power-gate": "PowerGate",
  "embedded:storage/key-value": "storage",
  "embedded:network/mqtt/client": "noConsole",
  time: "time",
  timer: "Timer",
  net: "net",
};

const board: Plugin = {
  name: "board",
  setup(build) {
    const names = Object.keys(BOARD).join("|");
    build.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path }) => ({ path, namespace: "board" }));
    build.onLoad({ filter: /.*/, namespace: "board" }, ({ path }) => ({
      contents: `export { ${NAMED[path] ?? `${BOARD[path]} as default`} } from "./board";`,
      resolveDir: device,
      loader: "ts",
    }));
  },
};

/** A module of device/ whose `main` is the program. `target`: the syntax that is left as it is. */
export function bundle(entry: string, plugins: readonly Plugin[], target = "es2022"): Promise<string> {
  return script(`import { main } from ${JSON.stringify(entry)}; main();`, plugins, target);
}

async function script(contents: string, plugins: readonly Plugin[], target = "es2022"): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: device, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    target,
    legalComments: "none",
    logLevel: "silent",
    plugins: [...plugins],
  });
  return outputFiles[0]?.text ?? "";
}

/** `onProgress` is told how many of the programs have run. */
export async function figures(onProgress: (done: number, of: number) => void = () => {}): Promise<Figures> {
  const wallet = await benchWallet();
  let done = 0;
  const ran = async (bundled: Promise<string>, name: string): Promise<readonly string[]> => {
    const lines = await runScript(await bundled, name);
    onProgress(++done, 5);
    return lines;
  };
  const [asShipped, ours, sparing, bootAsShipped, boot] = await Promise.all([
    ran(bundleAll("", [libraryCurve]), "as-shipped"),
    ran(bundleAll(SEAL, [walletPlugin(wallet)]), "wallet"),
    ran(bundleOperations(FROM_FLASH_SPARING, [walletPlugin(wallet)]), "sparing"),
    ran(bundleBoot("", [libraryCurve]), "boot-as-shipped"),
    ran(bundleBoot(SEAL, [walletPlugin("cable")]), "boot"),
  ]);
  const heap = readFigures(sparing);
  const before = readFigures([...bootAsShipped, ...asShipped]);
  const after = readFigures([...boot, ...ours]);
  const table = OPERATIONS.map((name) => [name, { asShipped: value(before, name), wallet: value(after, name) }]);
  return {
    ...(Object.fromEntries(table) as Record<Operation, { asShipped: number; wallet: number }>),
    heap: { slots: value(heap, "slots"), chunks: value(heap, "chunks") },
  };
}

/** Name to number of the lines that device/host.ts reports. */
export function readFigures(lines: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of lines) {
    const [, name, number] = /^= (\w+) (\d+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`the emulated core said: ${line}`);
    found.set(name, Number(number));
  }
  return found;
}

function value(found: ReadonlyMap<string, number>, name: string): number {
  const number = found.get(name);
  if (number === undefined) throw new Error(`expected a figure for ${name}, the emulated core gave none`);
  return number;
}
