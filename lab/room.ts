// The scenario `room`: twenty sockets with access points of their own and a cable in each, half of
// them with a heater and half with a telephone's charger, and a socket beside that is louder than
// all and whose meter lies. Played on the model circuit and the model chain, with the devices' own
// controllers and real signatures.

import { formatSatoshi, type Millisecond, type Milliwatt, type Satoshi } from "../shared/kernel/units";
import { Room, type Seat, type Told } from "./model/room";

export const ROOM = "room";
export const ABOUT_ROOM =
  "Twenty cables in one room find by radio in which of twenty sockets they sit, beside one that is louder and lies.";

const SEATS = 20;
/** Metres between two sockets: near enough that some are heard louder than the right one. */
const APART = 0.5;
const HEATER: Milliwatt = 2_000_000;
const CHARGER: Milliwatt = 5_000;
const LIMIT: Millisecond = 3_600_000;

export interface RoomScenario {
  readonly seed: number;
  /** Of each seat's appliance. */
  readonly loads?: readonly Milliwatt[];
  /** The louder socket: none, an honest one, or one whose meter lies. */
  readonly louder?: "none" | "honest" | "lying";
  readonly apart?: number;
  readonly onTold?: (line: Told) => void;
}

export interface RoomAccount {
  /**
   * Cables that draw from the socket that they sit in and pay, and after how long all of them did.
   */
  readonly served: number;
  readonly atMs: Millisecond;
  /** Payments to a socket in which the payer does not sit. */
  readonly strayPayments: number;
  /** Of each cable, what sockets owe it. */
  readonly claims: readonly Satoshi[];
  /** How often cables lost their power on the way. */
  readonly cuts: number;
}

/** Plays until each cable is served by its own socket, at most an hour. */
export async function playRoom(options: RoomScenario): Promise<RoomAccount> {
  const { seed, loads = halfAndHalf(), louder = "lying", apart = APART } = options;
  const room = new Room({ seed, loads, apart });
  room.onTold = options.onTold ?? (() => {});
  if (louder !== "none") {
    const imitator = room.imitator();
    if (louder === "lying") lie(imitator);
  }
  room.start();
  await room.untilServed(LIMIT);
  return {
    served: room.seats.filter(({ isServed }) => isServed).length,
    atMs: room.clock.now(),
    strayPayments: room.strays().length,
    claims: room.seats.map((seat) => room.claims(seat)),
    cuts: room.seats.reduce((sum, { cuts }) => sum + cuts, 0),
  };
}

function halfAndHalf(): readonly Milliwatt[] {
  return Array.from({ length: SEATS }, (_, i) => (i % 2 === 0 ? HEATER : CHARGER));
}

/**
 * Its meter shows each payer what a heater would draw, as far as somebody knows who read the
 * cable's program; to the others it is a socket that waits.
 */
function lie(seat: Seat): void {
  let payer = "";
  let asked = 0;
  seat.front = (socket) => ({
    getStatus: async (request, peer) => {
      const status = await socket.getStatus(request, peer);
      if (status.state !== "paid") return status;
      if (peer !== payer) return { ...status, state: "standby", used: 0, remaining: 0 };
      asked += 1;
      return { ...status, used: asked < 2 ? 0 : 13 + 280 * (asked - 2) };
    },
    powerRequest: (request, peer) => socket.powerRequest(request, peer),
    payTransaction: (request, peer) => {
      if (peer !== payer) asked = 0;
      payer = peer;
      return socket.payTransaction(request, peer);
    },
  });
}

/** Plays it and prints story and account; with `json` one object a line, the account last. */
export async function runRoom({ seed, json }: { readonly seed: number; readonly json: boolean }): Promise<void> {
  if (!json) console.log(`${ABOUT_ROOM} (model chain, real signatures)\n`);
  const account = await playRoom({ seed, onTold: (line) => tell(line, json) });
  console.log(json ? JSON.stringify({ scenario: ROOM, seed, ...account }) : accountText(account));
}

const SHOWN = ["joining", "passed", "elsewhere", "at-home", "paid", "lockout", "credit-honoured"];

function tell({ at, device, ...event }: Told, json: boolean): void {
  if (json) console.log(JSON.stringify({ atMs: at, from: device, ...event }));
  else if (SHOWN.includes(event.name)) {
    const { name, ...facts } = event;
    const text = Object.entries(facts).map(([key, value]) => `${key} ${String(value)}`);
    console.log(`${(at / 1000).toFixed(1).padStart(7)} s  ${device.padEnd(11)}${name}  ${text.join("  ")}`);
  }
}

function accountText({ served, atMs, strayPayments, claims, cuts }: RoomAccount): string {
  const most = Math.max(...claims);
  return [
    "",
    `${served} of ${claims.length} cables are served by the socket that they sit in, after ${(atMs / 1000).toFixed(0)} s.`,
    `${strayPayments} payments went to another socket on the way; at most ${formatSatoshi(most)} of one cable wait there.`,
    `Cables lost their power ${cuts} times: a socket that is not paid opens on a heater.`,
  ].join("\n");
}
