// Types of the Moddable modules that the firmware uses: the SDK's own where @moddable/typings has
// them, and below those that it has not.

/// <reference path="../../node_modules/@moddable/typings/embedded_io/_common.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/embedded_network/mqtt/client.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/embedded_io/i2c.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/mc/config.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/net.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/time.d.ts" />
/// <reference path="../../node_modules/@moddable/typings/timer.d.ts" />

/** ECMA-419's key-value storage; on ESP32 NVS. */
declare module "embedded:storage/key-value" {
  export interface Storage {
    /** Undefined where there is no such key. */
    read(key: string): ArrayBuffer | undefined;
    write(key: string, value: ArrayBuffer | Uint8Array): void;
    delete(key: string): void;
    close(): void;
  }
  /** What holds text. */
  export interface Texts {
    read(key: string): string | undefined;
    write(key: string, value: string): void;
  }
  const storage: {
    open(options: { path: string; format: "string" }): Texts;
    open(options: { path: string; format?: "buffer"; mode?: "r" | "r+" }): Storage;
  };
  export default storage;
}

/** The SDK's TLS over mbedTLS (modules/network/socketmbedtls), ESP32 only. */
declare module "socketmbedtls" {
  export class SocketTLS {
    /**
     * `certificate`: the root in PEM; the server's certificate is checked against it and against
     * `host`.
     */
    constructor(options: { host: string; port: number; certificate: string });
    /** 1 connected, 2 data to read, 3 data sent; -1 closed, -2 failed (value: why). */
    callback: (this: SocketTLS, message: number, value?: number) => void;
    read(type: ArrayBufferConstructor): ArrayBuffer;
    /** Without data: how many bytes fit now. */
    write(data?: ArrayBuffer): number;
    close(): void;
  }
}

/** TCP and UDP (firmware/native/sockets-esp32.ts says what each does). */
declare module "plugpay/sockets" {
  export interface SocketOwner {
    /** A sum of what is in socket-events.ts. */
    happened(events: number): void;
  }
  export function listen(owner: SocketOwner, port: number): number;
  export function connect(owner: SocketOwner, address: string, port: number): number;
  export function take(listener: number): number;
  export function adopt(owner: SocketOwner, handle: number): void;
  export function favour(address: string): void;
  export function peer(handle: number): string;
  export function why(handle: number): string;
  export function read(handle: number): ArrayBuffer | undefined;
  export function write(handle: number, bytes: Uint8Array): number;
  export function close(handle: number): void;
  export function talk(owner: SocketOwner, group: string, port: number, here: string): number;
  export function receive(handle: number): ArrayBuffer | undefined;
  export function say(handle: number, bytes: Uint8Array): boolean;
}

/** Whether Wi-Fi may sleep between beacons (firmware/native/wifi-sleep-esp32.ts). */
declare module "plugpay/wifi-sleep" {
  export function wifiSleep(whether: boolean): boolean;
}

/** Orders to a visiting cable's radio (firmware/native/radio-esp32.ts says what each does). */
declare module "plugpay/radio" {
  export function begin(address: string, port: number): string;
  export function events(): number;
  export function scan(channel: number): void;
  export function next(): string | undefined;
  export function join(ssid: string, bssid: string, channel: number): void;
  export function leave(): void;
  export function probe(address: string): void;
  export function disputed(): boolean;
  export function settle(address: string): void;
}

/** The serial console (firmware/native). */
declare module "plugpay/console" {
  /** Prints on the serial console. */
  export function print(text: string): void;
  /** Puts out bytes as they are, between whole lines. */
  export function write(bytes: Uint8Array): void;
  /** From now on hears what comes in, in whatever pieces. */
  export function listen(take: (bytes: ArrayBuffer) => void): void;
  /**
   * Bytes of memory beside XS's own: 0 free now, 1 the largest piece of it, 2 free at the scarcest.
   * 0 where nobody can tell.
   */
  export function memory(which: number): number;
}

/** The SDK's files/resource. */
declare module "Resource" {
  export default class Resource {
    static exists(path: string): boolean;
    constructor(path: string);
    readonly byteLength: number;
    /** A copy. */
    slice(begin: number, end: number): ArrayBuffer;
  }
}

/** The owner's page in flash (firmware/native/page-esp32.ts). */
declare module "plugpay/page" {
  /** 0 where the image has none. */
  export function length(): number;
  export function read(from: number, to: number): Uint8Array;
}

/** An SSD1306 (firmware/native/display-esp32.ts). */
declare module "plugpay/display" {
  export default class Display {
    constructor(data: number, clock: number);
    page(index: number, bytes: Uint8Array): void;
  }
}

/** The device's light (firmware/native/light-esp32.ts). */
declare module "plugpay/light" {
  export function begin(pin: number, litByLow: boolean): void;
  export function show(rhythm: string): void;
}

/**
 * Why the device started, and how long it had better wait (firmware/native/restart-esp32.ts says
 * what each does).
 */
declare module "plugpay/restarts" {
  export function watchRestarts(): void;
  export function resetCause(): string;
  export function lastWords(): string | undefined;
  export function restartPause(): number;
  /** The chip's name, such as ESP32-C3. */
  export function chip(): string;
  /** Starts the device anew, by its owner's wish. */
  export function restart(): void;
}

/** Slots for images in flash (firmware/native/update-esp32.ts says what each does). */
declare module "plugpay/update" {
  export function slotState(): string;
  export function slotRoom(): number;
  export function slotBegin(): void;
  export function slotWrite(bytes: ArrayBuffer): void;
  export function slotDigest(size: number): ArrayBuffer;
  export function slotUse(): void;
  export function slotAbandon(): void;
  export function slotConfirm(): void;
}

/**
 * The native source of true random numbers (firmware/native): drawn at boot, before the radio and
 * the ADC start.
 */
declare module "plugpay/entropy" {
  export default function entropy(length: number): ArrayBuffer;
  /** Draws the seed now: what starts the radio calls it first. */
  export function drawSeed(): void;
}

/** The native power gate (firmware/native). */
declare module "plugpay/power-gate" {
  import type { GateOptions } from "../../shared/board/gate-options";
  import type { PowerGate } from "../../shared/kernel/ports";

  const NativePowerGate: new (options?: GateOptions) => PowerGate;
  export default NativePowerGate;
}
