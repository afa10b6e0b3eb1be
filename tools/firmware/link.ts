// npm run firmware:link [-- --device calibrator]: links the very images for the desktop, with
// preload, boots them and runs their self-tests; cable and socket pay each other, so they go
// together. Only a linked image shows what XS makes of BigInts, tables and constants that lie in
// flash.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import cableOnNode from "../../firmware/selftest/cable";
import calibratorOnNode from "../../firmware/selftest/calibrator";
import type { Check } from "../../firmware/selftest/fixture";
import socketOnNode from "../../firmware/selftest/socket";
import { runScenario } from "../../lab/sim/run";
import { loadScenario } from "../../lab/sim/scenario";
import { type Command, type Given, run } from "../command";
import { configure, holdBuilds, type Image, make, OUT, ROOT } from "./image";
import { LinkedEngine, selfTest } from "./linked";
import { ownModules } from "./manifest";
import { moduleGraph, xsName } from "./modules";
import { findSdk, type Sdk } from "./sdk";
import { standIns } from "./standins";
import { type DeviceName, IMAGES, type ImageName, imageNamed, UsageError } from "./targets";
import { walletOf } from "./wallet";

/** JavaScript alone, over our own sockets: it is linked as it is on a device. */
const MQTT_CLIENT = "embedded:network/mqtt/client";

export interface Linked {
  readonly device: ImageName;
  readonly binary: string;
}

/**
 * The image of `device` with the desktop's stand-ins for the SDK's modules; ours and the wallet's
 * are as on a device.
 */
export async function linkedImage(sdk: Sdk, device: ImageName): Promise<Image> {
  const folder = join(OUT, `linked-${device}`);
  const application = await moduleGraph(ROOT, `firmware/${device}/main.ts`);
  const test = await moduleGraph(ROOT, `firmware/selftest/${device}.ts`);
  const wallet = await walletOf(device, join(OUT, `wallet-${device}`));
  const names = application.outside.filter((name) => !wallet.modules.has(xsName(name)) && name !== MQTT_CLIENT);
  const standInFolder = join(OUT, `standins-${device}`);
  const standins = await standIns(ROOT, standInFolder, names);
  const own = new Map([...test.own, ...application.own]);
  const { modules, preload } = ownModules(ROOT, { own, outside: [] }, wallet);
  return {
    folder,
    platform: "x-cli-lin",
    manifest: {
      build: { PLUGPAY: ROOT, MAKE_FRAGMENT: join(folder, "strip.mk") },
      include: ["base", "engine", "desktop", ...(device === "calibrator" ? [] : ["mqtt"])].map(
        (name) => `$(PLUGPAY)/manifests/${name}.json`,
      ),
      creation: { main: "plugpay/linked" },
      modules: { ...modules, ...Object.fromEntries(standins), "plugpay/linked": "./linked.js" },
      // The stand-ins first: what xsl warns of in them is not blamed on the modules that import
      // them.
      preload: [...standins.keys(), ...preload],
    },
    own: new Map([...wallet.modules, ...application.own]),
    standIns: standInFolder,
    files: { "linked.js": mainModule(device), "strip.mk": strippingFragment(sdk) },
  };
}

/**
 * The SDK's makefile for command-line programs, told to leave out of XS what the image does not
 * use, as for a chip.
 */
function strippingFragment(sdk: Sdk): string {
  const fragment = readFileSync(join(sdk.path, "tools/mcconfig/make.x-cli-lin.mk"), "utf8");
  const stripping = fragment.replace("$(PRELOADS) $(CREATION)", "$(PRELOADS) $(STRIPS) $(CREATION)");
  if (stripping === fragment)
    throw new Error("the SDK's makefile changed: tools/firmware/link.ts cannot make it strip");
  return stripping;
}

/** The main module of a linked image: on the event "boot" it does what the SDK does on a device. */
function mainModule(device: ImageName): string {
  return `import { onBoot } from "plugpay/host";
import main from "firmware/${device}/main";
import test from "firmware/selftest/${device}";
export default () => onBoot(main);
export const selfTest = (signed) => JSON.stringify(test(signed));
`;
}

export async function link(sdk: Sdk, device: ImageName): Promise<Linked> {
  const image = await linkedImage(sdk, device);
  configure(sdk, image);
  make(sdk, image);
  return { device, binary: join(OUT, "sdk/bin/lin/release", `linked-${device}`) };
}

/** Runs both self-tests, the cable's payment handed to the socket; gives the checks that failed. */
function test(cable: Linked, socket: Linked): number {
  const paid = selfTest(cable.binary);
  const signed = paid.find((check) => check.name === "pay")?.gave ?? "";
  return report("cable", paid, cableOnNode()) + report("socket", selfTest(socket.binary, signed), socketOnNode(signed));
}

/** Prints one line a check; a check fails too when Node's engine gives other bytes. */
function report(device: ImageName, checks: readonly Check[], onNode: readonly Check[]): number {
  let failed = 0;
  checks.forEach((check, i) => {
    const same = check.gave === onNode[i]?.gave;
    const holds = check.holds && same;
    if (!holds) failed++;
    console.log(
      `  ${holds ? "ok  " : "FAIL"} ${device}: ${check.name}${same ? "" : " (Node's engine gives other bytes)"}`,
    );
  });
  return failed;
}

/**
 * The simulator's toaster, paid for between the two linked images from the first call to the
 * settlement in a block.
 */
async function pay(images: Readonly<Record<DeviceName, Linked>>): Promise<void> {
  const { summary } = await runScenario({
    scenario: loadScenario("toaster"),
    scheme: "single-fee",
    engine: "node",
    engineOf: (device) => new LinkedEngine(images[device].binary),
    seed: 1,
  });
  if (summary.increments === 0 || summary.settlements.length === 0)
    throw new UsageError("nothing was paid between the images");
  console.log(
    `  ok   pay: ${summary.increments} increments, ${summary.paidSat} sat for ${summary.energyWh} Wh, settled in block ${summary.settlements.map(({ height }) => height).join(", ")}`,
  );
}

const COMMAND: Command<"device"> = {
  name: "npm run firmware:link",
  about: "links the images for this computer, boots them, runs their self-tests and lets them pay each other",
  options: { device: { takes: IMAGES.join("|"), about: "one of them; socket and cable go together" } },
  more: "It wants the Moddable SDK ($MODDABLE) and its command-line tools.",
};

async function main(given: Given<"device">): Promise<void> {
  const named = given.text("device");
  const only = named === undefined ? undefined : imageNamed(named);
  const sdk = findSdk();
  await holdBuilds();
  console.log(
    `Linking ${only === "calibrator" ? only : "images"} with the Moddable SDK ${sdk.version} for the desktop`,
  );
  let failed = 0;
  if (only === undefined || only === "calibrator") {
    const { binary } = await link(sdk, "calibrator");
    failed += report("calibrator", selfTest(binary), calibratorOnNode());
  }
  if (only !== "calibrator") {
    const images = { cable: await link(sdk, "cable"), socket: await link(sdk, "socket") };
    failed += test(images.cable, images.socket);
    if (failed === 0) await pay(images);
  }
  if (failed > 0) throw new UsageError(`${failed} checks of the self-test failed`);
}

if (import.meta.filename === process.argv[1]) await run(COMMAND, main);
