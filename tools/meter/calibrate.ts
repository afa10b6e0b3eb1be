// npm run calibrate - calibrates a power gate with a known resistive load at two points, as a
// person does it.
//
//   npm run calibrate                                     a simulated board that is wrong in every way; prints both points
//   npm run calibrate -- --port /dev/ttyUSB0 --low 184 --high 3312 [--volts 230] [--seconds 10]
//
// On a board (firmware/calibrator): plug in the small load, then the large one, when asked; --low
// and --high are their watts at --volts as a reference meter shows them. The record is kept on the
// board with a checksum and survives updates.

import { encodeCalibration } from "../../shared/board/calibration";
import { type Command, type Given, run, UsageError } from "../command";
import { Board, question } from "./board";
import { RAW_BOARD } from "./figures";
import { type CalibrationPoint, combine, fitCalibration } from "./fit";
import { calibrateRig, Rig } from "./rig";

type Name = "port" | "low" | "high" | "volts" | "seconds" | "seed";

const COMMAND: Command<Name> = {
  name: "npm run calibrate",
  about: "calibrates a board's meter at two points against a reference, or shows it on a simulated board",
  options: {
    port: { takes: "PORT", about: "the board's serial port (/dev/ttyUSB0); it runs the image `calibrator`" },
    low: { takes: "WATTS", about: "what the reference shows at the small load" },
    high: { takes: "WATTS", about: "what the reference shows at the large load" },
    volts: { takes: "VOLTS", about: "what the reference shows (default 230)" },
    seconds: { takes: "N", about: "how long each point is measured (default 10)" },
    seed: { takes: "N", about: "for the simulated board (default 1)" },
  },
  more: "Without --port it calibrates a simulated board. docs/metering.md says what to connect.",
};

const CHECKS = [100, 184, 1000, 2000, 3312];

function printPoint(name: string, { read, reference }: CalibrationPoint): void {
  const error = (value: number, truth: number): string => `${((value / truth - 1) * 100).toFixed(3)} %`;
  console.log(
    `${name}: reference ${reference.watts.toFixed(1)} W, ${reference.volts.toFixed(1)} V; ` +
      `read ${read.watts.toFixed(1)} W (${error(read.watts, reference.watts)}), ` +
      `${read.volts.toFixed(1)} V (${error(read.volts, reference.volts)}), ${read.vars.toFixed(1)} var`,
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

async function simulated(seed: number): Promise<void> {
  console.log(
    `A simulated board: current ${percent(RAW_BOARD.currentGainError)} off, voltage ${percent(RAW_BOARD.voltageGainError)}, ` +
      `current ${RAW_BOARD.delay / 1000} us late, non-linearity 2 LSB, noise 2 LSB.`,
  );
  const options = { seed, sensor: RAW_BOARD };
  const { low, high, calibration } = await calibrateRig(options);
  printPoint("small load", low);
  printPoint("large load", high);
  console.log(`record: ${hex(encodeCalibration(calibration))}  ${JSON.stringify(calibration)}`);
  const before = await errors(options);
  const after = await errors({ ...options, gate: calibration });
  console.log("\nError of energy over 20 s with a resistive load:\n       W     before      after");
  CHECKS.forEach((watts, k) => {
    console.log(`${String(watts).padStart(8)} ${(before[k] ?? "").padStart(10)} ${(after[k] ?? "").padStart(10)}`);
  });
}

function percent(millionths: number): string {
  return `${millionths > 0 ? "+" : ""}${millionths / 10_000} %`;
}

async function errors(options: ConstructorParameters<typeof Rig>[0]): Promise<string[]> {
  const rig = new Rig(options);
  try {
    await rig.start();
    const rows: string[] = [];
    for (const watts of CHECKS) {
      const { read, truth } = await rig.energy({ kind: "resistive", watts }, 20_000);
      rows.push(`${((read / truth - 1) * 100).toFixed(3)} %`);
    }
    return rows;
  } finally {
    rig.close();
  }
}

async function onBoard(path: string, low: number, high: number, volts: number, seconds: number): Promise<void> {
  const board = await Board.open(path);
  try {
    const points: CalibrationPoint[] = [];
    for (const [name, watts] of [
      ["small", low],
      ["large", high],
    ] as const) {
      await question(`Plug in the ${name} load (${watts} W at ${volts} V), then press Enter. `);
      const point = await board.measure({ watts, volts }, seconds);
      printPoint(`${name} load`, point);
      points.push(point);
    }
    const { calibration: before, range } = await board.inForce();
    const fitted = fitCalibration(points[0] as CalibrationPoint, points[1] as CalibrationPoint, range);
    const calibration = combine(before, fitted);
    await board.store(hex(encodeCalibration(calibration)));
    console.log(`Stored: ${JSON.stringify(calibration)}. Restart the board; run this again to see what error is left.`);
  } finally {
    board.close();
  }
}

function number(given: Given<Name>, name: Name, byDefault?: number): number {
  const text = given.text(name);
  const value = text === undefined ? byDefault : Number(text);
  if (value === undefined || !(value > 0))
    throw new UsageError(`--${name}: expected a number above 0, got ${text ?? "nothing"}`);
  return value;
}

await run(COMMAND, async (given) => {
  const port = given.text("port");
  if (port === undefined) return simulated(number(given, "seed", 1));
  return onBoard(
    port,
    number(given, "low"),
    number(given, "high"),
    number(given, "volts", 230),
    number(given, "seconds", 10),
  );
});
