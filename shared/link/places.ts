// In which socket a cable sits, where sockets offer access points of their own: what was found out
// so far, and which access point is tried next. Pure: what a power cut means is read from the
// record alone (docs/protocol.md, "Direct link").

import { arrayOf, boolean, type Check, hex, integer, object, oneOf, optional } from "../kernel/shape";
import { isHex } from "../kernel/text";
import type { Hex } from "../kernel/units";

/** Access points of sockets are called so, and some hexadecimal digits of their address. */
export const DIRECT_PREFIX = "plugpay-";
/**
 * The socket that the cable sat in last is tried first unless another is stronger by more than
 * this.
 */
const HOME_BONUS = 10;
/** So many are remembered; the oldest is forgotten. */
const MAX_TRIED = 32;

/** What a scan shows of an access point. */
export interface AccessPoint {
  readonly ssid: string;
  /** Its MAC address. */
  readonly bssid: Hex;
  readonly channel: number;
  /** dBm. */
  readonly strength: number;
}

/** How far it is with one access point. */
export interface Trial {
  readonly bssid: Hex;
  readonly channel: number;
  /**
   * `asking`: no more was drawn than standby would carry. `closing`: the relay closes on a payment,
   * or has for less than two seconds. `held`: power stayed for longer.
   */
  readonly stage: "asking" | "closing" | "held";
  /** How often power went while it was held, before it was known that it is the right one. */
  readonly doubts: number;
  readonly payee?: Hex;
}

export interface Tried {
  readonly bssid: Hex;
  /** True where it took a payment and the power did not come from it; else it only gave nothing. */
  readonly wrong: boolean;
}

/** The part of a cable's record. */
export interface Places {
  readonly trial?: Trial;
  /** Where it sat last. */
  readonly home?: { readonly bssid: Hex; readonly channel: number };
  /** The latest last. */
  readonly tried: readonly Tried[];
}

export const placesShape: Check<Places> = object<Places>({
  trial: optional(
    object<Trial>({
      bssid: hex(6),
      channel: integer,
      stage: oneOf<Trial["stage"]>("asking", "closing", "held"),
      doubts: integer,
      payee: optional(hex()),
    }),
  ),
  home: optional(object<{ readonly bssid: Hex; readonly channel: number }>({ bssid: hex(6), channel: integer })),
  tried: arrayOf(object<Tried>({ bssid: hex(6), wrong: boolean }), MAX_TRIED),
});

/** True for the name of a socket's access point. */
export function isDirect(ssid: string): boolean {
  return ssid.startsWith(DIRECT_PREFIX) && ssid.length > DIRECT_PREFIX.length && isHex(ssid.slice(8));
}

/**
 * Which of those `found` is tried next: the one that is on trial already; else one that was not
 * tried, the strongest first, then what gave nothing, then what was wrong, the oldest first.
 */
export function nextPlace(found: readonly AccessPoint[], places: Places): AccessPoint | undefined {
  const direct = found.filter(({ ssid }) => isDirect(ssid));
  const again = places.trial && direct.find(({ bssid }) => bssid === places.trial?.bssid);
  if (again) return again;
  const rank = (place: AccessPoint): number => {
    const at = places.tried.findIndex(({ bssid }) => bssid === place.bssid);
    return at < 0 ? -1 : places.tried[at]?.wrong ? MAX_TRIED + at : at;
  };
  const weight = ({ bssid, strength }: AccessPoint): number =>
    bssid === places.home?.bssid ? strength + HOME_BONUS : strength;
  return [...direct].sort((a, b) => rank(a) - rank(b) || weight(b) - weight(a))[0];
}

/**
 * True where `place` is where the cable sat last and nothing else of a socket is as strong: no
 * doubt is worth a moment.
 */
export function isHome(place: AccessPoint, found: readonly AccessPoint[], { home, tried, trial }: Places): boolean {
  const known = home?.bssid === place.bssid && !tried.some(({ bssid }) => bssid === place.bssid);
  const stronger = found.some((other) => isDirect(other.ssid) && other.strength > place.strength);
  return known && !stronger && (trial?.doubts ?? 0) === 0;
}

/** What it means that the power went: read at the next start. */
export function afterPowerLoss(places: Places): Places {
  const { trial } = places;
  if (!trial) return places;
  if (trial.stage === "asking") return setAside(places, false);
  // The right socket's power stays: the wrong one is no reason for the true one to carry more than
  // standby.
  if (trial.stage === "closing" || trial.doubts > 0) return setAside(places, true);
  // It may have been unplugged. What was paid there is still there, so to ask once more costs
  // nothing.
  return { ...places, trial: { ...trial, stage: "asking", doubts: trial.doubts + 1 } };
}

/** The cable asks at `place`. */
export function asking(places: Places, { bssid, channel }: AccessPoint): Places {
  const doubts = places.trial?.bssid === bssid ? places.trial.doubts : 0;
  return { ...places, trial: { bssid, channel, stage: "asking", doubts } };
}

/** The relay is about to close, or has held for a while, on what `payee` was paid. */
export function atStage(places: Places, stage: Trial["stage"], payee: Hex): Places {
  return places.trial ? { ...places, trial: { ...places.trial, stage, payee } } : places;
}

/** The one on trial is put aside; with `wrong`, because power comes from elsewhere. */
export function setAside({ trial, ...places }: Places, wrong: boolean): Places {
  if (!trial) return places;
  const before = places.tried.find(({ bssid }) => bssid === trial.bssid);
  const others = places.tried.filter((each) => each !== before);
  const aside = { bssid: trial.bssid, wrong: wrong || (before?.wrong ?? false) };
  return { ...places, tried: [...others, aside].slice(-MAX_TRIED) };
}

/**
 * The one on trial is the right one. What only gave nothing may do so no longer; what was wrong is
 * remembered.
 */
export function proven({ trial, ...places }: Places): Places {
  if (!trial) return places;
  const tried = places.tried.filter(({ bssid, wrong }) => wrong && bssid !== trial.bssid);
  return { home: { bssid: trial.bssid, channel: trial.channel }, tried };
}
