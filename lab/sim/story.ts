// Tells what happened in sentences, for people. What has no sentence here is shown with its facts.

import {
  formatDuration,
  formatEnergy,
  formatPrice,
  formatSatoshi,
  type Millisecond,
  type MilliwattHour,
  type Satoshi,
} from "../../shared/kernel/units";
import type { Happening } from "./simulation";

type Facts = Happening["event"];
type Sentence = (facts: Facts) => string;

const sat = (value: unknown): string => formatSatoshi(Number(value) as Satoshi);
const energy = (value: unknown): string => formatEnergy(Number(value) as MilliwattHour);
const time = (value: unknown): string => formatDuration(Number(value) as Millisecond);
/** The sentence without the figures in brackets. */
const brief = (why: unknown): string => String(why).split(" (")[0] as string;
const short = (txid: unknown): string => `${String(txid).slice(0, 8)}...`;

const boots: Sentence = ({ version, network, reset, why }) =>
  `boots: plugpay ${version} on ${network}, after ${reset}${why === undefined ? "" : ` (${why})`}`;
const aborts: Sentence = ({ cause }) => `gives up and starts again: ${cause}`;
const pauses: Sentence = ({ time: duration }) => `waits ${time(duration)}, as it gave up more than once`;
const uncalibrated = (calibrated: unknown): string => (calibrated ? "" : ", not calibrated");

const SENTENCES: Readonly<Record<string, Sentence>> = {
  "scene plug in": () => "the cable is plugged in",
  "scene plug out": () => "the cable is pulled out",
  "scene appliance": ({ appliance }) => `at the cable's end: ${appliance}`,
  "scene appliance powered": () => "power reaches the appliance",
  "scene appliance unpowered": () => "the appliance has no power",
  "scene appliance done": () => "the appliance is done",
  "scene cable supplied": () => "the cable's electronics have power and boot",
  "scene cable unsupplied": () => "the cable's electronics are without power",
  "scene block": ({ height }) => `a block is mined, height ${height}`,
  "scene cut": ({ device }) => `the power of the ${device}'s electronics is cut`,
  "scene backend": ({ fault }) => `the chain's server: ${fault === "none" ? "works again" : fault}`,
  "scene survived": ({ device, write, mode, delivered }) =>
    `${delivered ? "survived" : "NOT survived"}: the ${device} cut at write ${write} (${mode})`,
  "scene tried": ({ what, met }) => `cheats: ${what} - ${met}`,
  "scene trouble over": () => "the trouble is over",
  "scene thief pays": ({ increment }) => `the thief pays increment ${increment} honestly`,
  "socket rival": ({ rival, txid }) => `somebody spent the session's coin: ${rival}, ${short(txid)}`,
  "socket broadcast-refused": ({ txid }) => `the network refuses ${short(txid)}`,
  "socket trip": ({ cause }) => `its power gate trips: ${cause}`,
  "socket not-calibrated": ({ why }) => `sells nothing: ${why}`,
  "cable trip": ({ cause }) => `its power gate trips: ${cause}`,
  "socket boot": boots,
  "cable boot": boots,
  "socket settings": ({ payout, price, exposureLimit, calibrated }) =>
    `sells at ${formatPrice(Number(price))}, is paid to ${payout}, risks ${sat(exposureLimit)}${uncalibrated(calibrated)}`,
  "cable settings": ({ maxPrice, maxIncrement, maxSession, maxDaily, calibrated }) =>
    `pays at most ${formatPrice(Number(maxPrice))}, ${sat(maxIncrement)} at a time, ${sat(maxSession)} a session, ${sat(maxDaily)} a day${uncalibrated(calibrated)}`,
  "socket abort": aborts,
  "cable abort": aborts,
  "socket paused": pauses,
  "cable paused": pauses,
  "cable address": ({ address }) => `its address: ${address}`,
  "socket start": ({ unsettled }) => `starts${unsettled ? `, holding ${sat(unsettled)} not settled yet` : ""}`,
  "socket standby": ({ allowance, trip }) =>
    trip
      ? `standby, and gives nothing: ${trip}; somebody must look, and start it anew`
      : `standby: gives ${energy(allowance)} to a cable that wants to pay`,
  "socket lockout": ({ why, time: duration }) => `lockout for ${time(duration)} (${why})`,
  "socket credited": ({ increment, value, energy: bought }) =>
    `increment ${increment} accepted: ${sat(value)} for ${energy(bought)}`,
  "socket credit-honoured": ({ energy: left }) => `welcome back: ${energy(left)} of credit are still there`,
  "socket credit-used": () => "credit is used up: the relay opens",
  "socket session-ended": ({ why, paid }) => `session over (${why}): ${sat(paid)} to settle`,
  "socket checkpoint": ({ why, value }) => `broadcasts early (${why}): ${sat(value)}`,
  "socket broadcast": ({ txid, value, fee }) => `broadcasts ${short(txid)}: ${sat(value)}, fee ${sat(fee)}`,
  "socket receipt": ({ number, session }) => `signs receipt ${number}, of session ${short(session)}`,
  "socket receipt-missing": ({ number, session, why }) =>
    `has no receipt ${number} of session ${short(session)}: ${why}`,
  "socket mined": ({ txid }) => `${short(txid)} is in a block`,
  "socket buried": ({ txid, height }) => `${short(txid)} is buried (block ${height})`,
  "cable start": () => "starts",
  "cable connecting": () => "looks for the socket",
  "cable negotiating": () => "asks for a draft",
  "cable powered": () => "closes its relay",
  "cable paid": ({ increment, value, fee, remaining }) =>
    `pays increment ${increment}: ${sat(value)}, fee ${sat(fee)}; ${energy(remaining)} left`,
  "cable stopped": ({ why, retryMs }) => `stops: ${brief(why)} Tries again in ${time(retryMs)}.`,
  "cable stuck": ({ coins, value, payee, release }) =>
    release
      ? `${coins} goes back to the cable's own address: ${short(release)} waits for a block`
      : `${coins} is stuck: payee ${short(payee)} took ${sat(value)} and never acknowledged it. To free the coin, set \`release\` to a new word`,
  "cable released": ({ coins, stuck }) =>
    `takes ${coins} stuck payments' coins back${stuck ? `; for ${stuck} more the fee limits are too low` : ""}`,
  "socket release-sent": ({ txid }) => `broadcasts ${short(txid)} for the cable, back to its own address`,
  "cable held": ({ reason }) => `pays no more for now (${reason})`,
};

/** What has a sentence of its own: "socket broadcast", "scene plug in". */
export const sentences = (): readonly string[] => Object.keys(SENTENCES);

/** `from`: who tells it; of a board that did not say what it is, what it may be is tried. */
export function sentenceOf({ from, event }: Pick<Happening, "event"> & { readonly from: string }): string {
  const sentence = (from === "board" ? ["socket", "cable"] : [from])
    .map((who) => `${who} ${event.name}`)
    .filter((key) => Object.hasOwn(SENTENCES, key))
    .map((key) => SENTENCES[key])[0];
  if (sentence) return sentence(event);
  const { name, ...facts } = event;
  const shown = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
  return [name, ...shown].join(", ");
}
