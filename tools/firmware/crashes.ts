// Ends of a program, brought about on an emulated board by its debugger: nothing of it is in the
// image. Each begins in JavaScript's task, where it reads the gate, and is followed to the function
// of ESP-IDF's that says so or restarts the chip. By then the relay has to be open
// (firmware/native/relay-esp32.c).

import { readFileSync } from "node:fs";
import { type Debugger, REGISTERS } from "./gdb";
import { UsageError } from "./targets";

/** Numbers of xsCommon.h's that XS gives fxAbort. */
const XS_EXIT = { javascriptStackOverflow: 2, notEnoughMemory: 1 } as const;
/**
 * Where a task's control block has the address of its stack's end, which grows down (FreeRTOS's
 * tasks.c, `pxStack`).
 */
const STACK_AT = 48;
/** ESP32-C3: the levels of the pins as they are driven. */
const GPIO_OUT = 0x6000_4004;
const BEGINS_IN = "plugpay_gate_read";

interface Crash {
  readonly about: string;
  /** What runs on in place of the reading. */
  readonly begin: (chip: Debugger, at: (symbol: string) => number) => Promise<void>;
  /** ESP-IDF's function that it comes to. */
  readonly end: "esp_panic_handler" | "esp_restart_noos";
  /** What the next start names as its cause. */
  readonly told: RegExp;
}

const jump =
  (symbol: string, second?: number): Crash["begin"] =>
  async (chip, at) => {
    if (second !== undefined) await chip.setRegister(REGISTERS.a1, second);
    await chip.setRegister(REGISTERS.pc, at(symbol));
  };

export const CRASHES = {
  abort: { about: "abort()", begin: jump("abort"), end: "esp_panic_handler", told: /panic/ },
  restart: { about: "esp_restart()", begin: jump("esp_restart"), end: "esp_restart_noos", told: /stack-overflow/ },
  memory: {
    about: "XS finds its memory full",
    begin: jump("fxAbort", XS_EXIT.notEnoughMemory),
    end: "esp_restart_noos",
    told: /memory-full/,
  },
  overflow: {
    about: "XS finds its stack full",
    begin: jump("fxAbort", XS_EXIT.javascriptStackOverflow),
    end: "esp_restart_noos",
    told: /stack-overflow/,
  },
  stack: {
    about: "JavaScript's task writes beyond its stack",
    begin: async (chip, at) => {
      const end = await chip.word((await chip.word(at("pxCurrentTCBs"))) + STACK_AT);
      for (let word = 0; word < 5; word++) await chip.writeWord(end + 4 * word, 0);
    },
    end: "esp_panic_handler",
    told: /panic/,
  },
} as const satisfies Readonly<Record<string, Crash>>;

export type CrashName = keyof typeof CRASHES;

export interface Ended {
  /** The relay's pin before, and where ESP-IDF begins to end the program. */
  readonly before: boolean;
  readonly after: boolean;
}

/** Ends what the chip runs; it goes on by itself then, to its next start. */
export async function crash(
  chip: Debugger,
  { name, relayPin, symbols }: { name: CrashName; relayPin: number; symbols: ReadonlyMap<string, number> },
): Promise<Ended> {
  const { begin, end }: Crash = CRASHES[name];
  const at = (symbol: string): number => {
    const address = symbols.get(symbol);
    if (address === undefined) throw new UsageError(`the image has no function ${symbol}: it cannot be ended there`);
    return address;
  };
  const isClosed = async (): Promise<boolean> => ((await chip.word(GPIO_OUT)) & (1 << relayPin)) !== 0;
  await chip.runTo(at(BEGINS_IN));
  const before = await isClosed();
  await begin(chip, at);
  await chip.runTo(at(end));
  const after = await isClosed();
  await chip.leave();
  return { before, after };
}

/** Names and addresses in what objdump -t says. */
export function symbolsIn(table: string): ReadonlyMap<string, number> {
  return new Map(
    [...table.matchAll(/^([0-9a-f]{8}) .*\s(\S+)$/gm)].map(([, address = "", name = ""]) => [
      name,
      parseInt(address, 16),
    ]),
  );
}

/** The table that a build leaves beside an image. */
export function readSymbols(path: string): ReadonlyMap<string, number> {
  return symbolsIn(readFileSync(path, "utf8"));
}
