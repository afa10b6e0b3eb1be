// The chips that plugpay's firmware runs on, and what each has. manifests/targets.json refuses any
// other.

export type DeviceName = "socket" | "cable";
/** What is flashed: a device's own image, or for a while the one that calibrates its board. */
export type ImageName = DeviceName | "calibrator";
export type TargetName = "esp32" | "esp32s3" | "esp32c3" | "esp32c6";
/**
 * `qemu`: the network card of Espressif's emulator, with the addresses that Ethernet has. No board
 * has it.
 */
export type Link = "ethernet" | "wifi" | "qemu";
export type FlashSize = "4MB" | "8MB";

export interface Target {
  readonly name: TargetName;
  /** What usual boards carry; a configuration may say otherwise. */
  readonly flash: FlashSize;
  readonly links: readonly Link[];
  /**
   * Whether the chip counts pulses by itself; where it does not, interrupts do
   * (firmware/native/pulse-counter-esp32.c).
   */
  readonly pulseCounter: boolean;
  /** Instruction set: which compiler `--check` needs. */
  readonly architecture: "xtensa" | "riscv";
  /** As ESP-IDF's macro ESP32 and the SDK's makefile number the chips. */
  readonly number: number;
}

export const DEVICES: readonly DeviceName[] = ["cable", "socket"];
export const IMAGES: readonly ImageName[] = [...DEVICES, "calibrator"];

export const TARGETS: Readonly<Record<TargetName, Target>> = {
  // Only the first ESP32 has an Ethernet MAC (RMII).
  esp32: {
    name: "esp32",
    flash: "4MB",
    links: ["ethernet", "wifi"],
    pulseCounter: true,
    architecture: "xtensa",
    number: 1,
  },
  esp32s3: { name: "esp32s3", flash: "8MB", links: ["wifi"], pulseCounter: true, architecture: "xtensa", number: 3 },
  esp32c3: {
    name: "esp32c3",
    flash: "4MB",
    links: ["wifi", "qemu"],
    pulseCounter: false,
    architecture: "riscv",
    number: 4,
  },
  esp32c6: { name: "esp32c6", flash: "8MB", links: ["wifi"], pulseCounter: true, architecture: "riscv", number: 5 },
};

/** Thrown for what a person got wrong: its message is all that is printed. */
export class UsageError extends Error {}

export function imageNamed(name: string | undefined): ImageName {
  const image = IMAGES.find((known) => known === name);
  if (!image) throw new UsageError(`--device: expected cable, socket or calibrator, came ${name ?? "nothing"}`);
  return image;
}

export function targetNamed(name: string | undefined): Target {
  const target = Object.values(TARGETS).find((known) => known.name === name);
  if (!target) throw new UsageError(`--target: expected ${Object.keys(TARGETS).join(", ")}, came ${name ?? "nothing"}`);
  return target;
}
