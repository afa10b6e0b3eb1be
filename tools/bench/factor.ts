// How many instructions of the 32-bit core one unit of XS's meter stands for: the same operations,
// over the same wallet, measured on both. The simulator charges computing time by it.

import { walletPlugin } from "../wallet/build";
import { runScript } from "./engine";
import { benchWallet, bundleOperations, FROM_FLASH, type Operation, readFigures } from "./figures";
import { runOnXs } from "./xs";

/** What a device spends its time with when somebody waits for it. */
const WEIGHED: readonly Operation[] = ["sign", "verify", "incrementCable", "incrementSocket"];

export interface Factor {
  /** Instructions of a 32-bit core (rv32imac) for one unit of XS's meter. */
  readonly instructionsPerMeter: number;
  /** Of the board: an ESP32-C3 or -C6 at 160 MHz, one instruction a cycle. */
  readonly instructionsPerSecond: number;
  readonly derived: string;
  readonly operations: Readonly<Record<string, { readonly instructions: number; readonly meter: number }>>;
}

export async function measureFactor(): Promise<Factor> {
  const wallet = await benchWallet();
  const plugins = [walletPlugin(wallet)];
  const core = readFigures(await runScript(await bundleOperations(FROM_FLASH, plugins), "factor"));
  const desktop = readFigures(await runOnXs(await bundleOperations("run();", plugins)));
  const operations: Record<string, { instructions: number; meter: number }> = {};
  let instructions = 0;
  let meter = 0;
  for (const name of WEIGHED) {
    const one = { instructions: core.get(name) ?? 0, meter: desktop.get(name) ?? 0 };
    operations[name] = one;
    instructions += one.instructions;
    meter += one.meter;
  }
  return {
    instructionsPerMeter: Math.round((10 * instructions) / meter) / 10,
    instructionsPerSecond: 160_000_000,
    derived:
      "npm run bench -- --factor: sum of instructions over sum of meter units of the operations below, over the wallet; " +
      "the core's clock is that of an ESP32-C3 or -C6, one instruction a cycle",
    operations,
  };
}
