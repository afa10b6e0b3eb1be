// Improv Wi-Fi by serial (improv-wifi.com/serial): the standard by which ESPHome and ESP Web Tools
// tell a device its Wi-Fi.
//
// A packet: "IMPROV", version 1, type, length, data, and the low byte of the sum of all before it.
// A command's data is its number, a length, and what belongs to it; a result's, the command's
// number, a length, and texts each with its length.

import { constant } from "../kernel/constant";
import { decodeUtf8, encodeUtf8 } from "../kernel/utf8";

export const IMPROV_HEADER: readonly number[] = constant([0x49, 0x4d, 0x50, 0x52, 0x4f, 0x56]);
const VERSION = 1;
/** Header, version, type, length. */
const BEFORE_DATA = 9;

const TYPES = constant({ state: 1, error: 2, command: 3, result: 4 } as const);

/** 2: it waits for Wi-Fi credentials; 3: it tries them; 4: it has some. */
export type ImprovState = 2 | 3 | 4;
export const IMPROV_ERRORS = constant({ none: 0, packet: 1, command: 2, connect: 3, unknown: 255 } as const);
const COMMANDS = constant({ settings: 1, state: 2, info: 3, scan: 4 } as const);

export interface ImprovDevice {
  state(): ImprovState;
  /**
   * Keeps the credentials; they count after the restart that follows. Throws an Error where they
   * may not be set now.
   */
  join(ssid: string, password: string): void;
  /** Where the device's page is; undefined where there is none yet. */
  page(): string | undefined;
  /** Firmware, version, chip, name. */
  readonly info: readonly [string, string, string, string];
}

/** One packet. */
export function improvPacket(type: keyof typeof TYPES, data: readonly number[]): Uint8Array {
  const packet = Uint8Array.of(...IMPROV_HEADER, VERSION, TYPES[type], data.length, ...data, 0);
  packet[packet.length - 1] = sumOf(packet);
  return packet;
}

/** How many bytes the packet has that begins here; undefined while that cannot be told. */
export function improvLength(bytes: Uint8Array): number | undefined {
  const length = bytes[BEFORE_DATA - 1];
  return length === undefined ? undefined : BEFORE_DATA + length + 1;
}

/** The answers to one whole packet, in their order. */
export function improvAnswers(packet: Uint8Array, device: ImprovDevice): readonly Uint8Array[] {
  const isWhole = packet[6] === VERSION && packet[packet.length - 1] === sumOf(packet);
  if (!isWhole) return [error("packet")];
  if (packet[7] !== TYPES.command) return [];
  const data = packet.subarray(BEFORE_DATA, packet.length - 1);
  const [command, length] = data;
  const payload = data.subarray(2);
  if (command === undefined || length !== payload.length) return [error("packet")];
  switch (command) {
    case COMMANDS.settings:
      return joined(payload, device);
    case COMMANDS.state: {
      const state = stateOf(device.state());
      return device.state() === 4 ? [state, result(COMMANDS.state, pageOf(device))] : [state];
    }
    case COMMANDS.info:
      return [result(COMMANDS.info, device.info)];
    case COMMANDS.scan:
      // It looks for no networks: an empty list ends the search.
      return [result(COMMANDS.scan, [])];
    default:
      return [error("command")];
  }
}

function joined(payload: Uint8Array, device: ImprovDevice): readonly Uint8Array[] {
  const texts = textsOf(payload);
  const [ssid, password] = texts ?? [];
  if (ssid === undefined || password === undefined || texts?.length !== 2) return [error("packet")];
  try {
    device.join(ssid, password);
  } catch {
    return [error("connect"), stateOf(device.state())];
  }
  return [error("none"), stateOf(3), stateOf(4), result(COMMANDS.settings, pageOf(device))];
}

function pageOf(device: ImprovDevice): readonly string[] {
  const page = device.page();
  return page === undefined ? [] : [page];
}

/**
 * Texts each with its length before it; undefined where they do not fill the bytes, or are no
 * UTF-8.
 */
function textsOf(bytes: Uint8Array): readonly string[] | undefined {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + (bytes[at] as number);
    if (end > bytes.length) return undefined;
    try {
      texts.push(decodeUtf8(bytes.subarray(at + 1, end)));
    } catch {
      return undefined;
    }
    at = end;
  }
  return texts;
}

function stateOf(state: ImprovState): Uint8Array {
  return improvPacket("state", [state]);
}

function error(kind: keyof typeof IMPROV_ERRORS): Uint8Array {
  return improvPacket("error", [IMPROV_ERRORS[kind]]);
}

function result(command: number, texts: readonly string[]): Uint8Array {
  const data = texts.flatMap((text) => {
    const bytes = encodeUtf8(text);
    return [bytes.length, ...bytes];
  });
  return improvPacket("result", [command, data.length, ...data]);
}

function sumOf(packet: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < packet.length - 1; at++) sum += packet[at] as number;
  return sum & 0xff;
}
