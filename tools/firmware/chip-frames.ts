// What a CSE7766 sends over its serial line, as its datasheet has it: 24 bytes a frame. Here for a
// board in the emulator, where this chip is the sensor; firmware/native/metering-chips.c takes it
// apart.

/**
 * The chip's coefficients of a board with 1 milliohm and 1 : 1001, as its maker stores them;
 * numerators of the quotients.
 */
export const COEFFICIENT = { voltage: 191_616, current: 16_184, power: 5_231_616 } as const;
/** Voltage, current and power have a whole cycle. */
const WHOLE = { voltage: 0x40, current: 0x20, power: 0x10 } as const;
const GOOD = 0x55;
const POWER_OUT_OF_RANGE = 0xf2;
const CHECK = 0x5a;
const LONGEST_CYCLE = 0xffffff;

export interface Mains {
  readonly volts: number;
  readonly watts: number;
}

/** What a frame says; cycles in the chip's microseconds. */
export interface FrameFields {
  readonly head?: number;
  readonly voltageCycle: number;
  readonly currentCycle: number;
  readonly powerCycle: number;
  readonly flags?: number;
  /** CF's counter, 16 bits. */
  readonly pulses: number;
}

export function chipFrame(fields: FrameFields): Uint8Array {
  const frame = new Uint8Array(24);
  frame[0] = fields.head ?? GOOD;
  frame[1] = CHECK;
  put(frame, 2, COEFFICIENT.voltage, 3);
  put(frame, 5, fields.voltageCycle, 3);
  put(frame, 8, COEFFICIENT.current, 3);
  put(frame, 11, fields.currentCycle, 3);
  put(frame, 14, COEFFICIENT.power, 3);
  put(frame, 17, fields.powerCycle, 3);
  frame[20] = fields.flags ?? WHOLE.voltage | WHOLE.current | WHOLE.power;
  put(frame, 21, fields.pulses & 0xffff, 2);
  frame[23] = frame.subarray(2, 23).reduce((sum, byte) => (sum + byte) & 0xff, 0);
  return frame;
}

/** The cycle by which a coefficient is divided; nothing measured is the longest. */
export function cycle(coefficient: number, value: number): number {
  return value > 0 ? Math.min(LONGEST_CYCLE, Math.round(coefficient / value)) : LONGEST_CYCLE;
}

/**
 * Makes the frames of one chip, each `seconds` after the one before: energy goes out as pulses,
 * counted in 16 bits.
 */
export class ChipFrames {
  #pulses = 0;

  next({ volts, watts }: Mains, seconds: number): Uint8Array {
    const flows = watts > 0 && volts > 0;
    // A pulse is the coefficient in microjoule.
    this.#pulses += (watts * seconds * 1e6) / COEFFICIENT.power;
    return chipFrame({
      head: flows ? GOOD : POWER_OUT_OF_RANGE,
      voltageCycle: cycle(COEFFICIENT.voltage, volts),
      currentCycle: cycle(COEFFICIENT.current, flows ? watts / volts : 0),
      powerCycle: cycle(COEFFICIENT.power, watts),
      flags: (volts > 0 ? WHOLE.voltage : 0) | (flows ? WHOLE.current | WHOLE.power : 0),
      pulses: Math.floor(this.#pulses),
    });
  }
}

/** Big-endian. */
function put(frame: Uint8Array, at: number, value: number, bytes: number): void {
  for (let k = 0; k < bytes; k++) frame[at + k] = (value >>> (8 * (bytes - 1 - k))) & 0xff;
}
