// What a CSE7766 sends over its serial line, as its datasheet has it: 24 bytes a frame. Here for a board in the emulator,
// where this chip is the sensor; firmware/native/metering-chips.c takes it apart.

/** The chip's coefficients of a board with 1 milliohm and 1 : 1001, as its maker stores them; numerators of the quotients. */
const COEFFICIENT = { voltage: 191_616, current: 16_184, power: 5_231_616 } as const;
/** Voltage, current and power have a whole cycle. */
const WHOLE = { voltage: 0x40, current: 0x20, power: 0x10 } as const;
const GOOD = 0x55;
const POWER_OUT_OF_RANGE = 0xf2;
const CHECK = 0x5a;

export interface Mains {
  readonly volts: number;
  readonly watts: number;
}

/** Makes the frames of one chip, each `seconds` after the one before: energy goes out as pulses, counted in 16 bits. */
export class ChipFrames {
  #pulses = 0;

  next({ volts, watts }: Mains, seconds: number): Uint8Array {
    const flows = watts > 0 && volts > 0;
    // A pulse is the coefficient in microjoule.
    this.#pulses += (watts * seconds * 1e6) / COEFFICIENT.power;
    const frame = new Uint8Array(24);
    frame[0] = flows ? GOOD : POWER_OUT_OF_RANGE;
    frame[1] = CHECK;
    quotient(frame, 2, COEFFICIENT.voltage, volts);
    quotient(frame, 8, COEFFICIENT.current, flows ? watts / volts : 0);
    quotient(frame, 14, COEFFICIENT.power, watts);
    frame[20] = (volts > 0 ? WHOLE.voltage : 0) | (flows ? WHOLE.current | WHOLE.power : 0);
    put(frame, 21, Math.floor(this.#pulses) & 0xffff, 2);
    frame[23] = frame.subarray(2, 23).reduce((sum, byte) => (sum + byte) & 0xff, 0);
    return frame;
  }
}

/** A coefficient, and the cycle by which it is divided; nothing measured is the longest cycle. */
function quotient(frame: Uint8Array, at: number, coefficient: number, value: number): void {
  put(frame, at, coefficient, 3);
  put(frame, at + 3, value > 0 ? Math.min(0xffffff, Math.round(coefficient / value)) : 0xffffff, 3);
}

/** Big-endian. */
function put(frame: Uint8Array, at: number, value: number, bytes: number): void {
  for (let k = 0; k < bytes; k++) frame[at + k] = (value >>> (8 * (bytes - 1 - k))) & 0xff;
}
