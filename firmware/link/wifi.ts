// Wi-Fi: joins the owner's network and joins it again when it was lost, first at the access point
// and on the channel of last time. The SDK runs it before `main` as a set-up module; it returns at
// once, and a caller that comes before there is an address tries again.

import WiFi from "embedded:network/interface/wifi";
import storage from "embedded:storage/key-value";
import config from "mc/config";
import openAccessPoint from "plugpay/access-point";
import { print } from "plugpay/console";
import { drawSeed } from "plugpay/entropy";
import joinKnown from "plugpay/fast-join";
import { restartPause } from "plugpay/restarts";
import tell from "plugpay/tell";
import Timer from "timer";
import { type WifiCredentials, wifiOf } from "../../shared/owner/wifi";

/** Between two tries, in ms: as long as an access point takes to think again. */
const RETRY = 2000;
/**
 * While a radio looks for the house on all channels its own access point is not heard: then it
 * rests longer.
 */
const RETRY_DIRECT = 15_000;
/** At its own access point a socket is where it is on a dedicated link (RFC 3927). */
const ADDRESS = "169.254.80.80";
const MASK = "255.255.0.0";
/** Where the house's channel is not known yet; the radio follows the house when it has joined. */
const FIRST_CHANNEL = 1;
/**
 * The driver's `connection`: 400 joined, 500 with an address, which its users look for
 * (firmware/platform/announce.ts).
 */
const JOINED = 400;
/**
 * So long the access point of last time has, in ms: three times what it takes where it is still
 * there.
 */
const KNOWN = 1500;
/** For the driver to have told that it let go of that one. */
const AFTER = 100;
/** Namespace and key of where that was. */
const PLACE = "net";
const KEY = "ap";

export default function setUp(done: () => void): void {
  let link: WiFi | undefined;
  let triedKnown = false;
  let isOpen = config.direct !== true;
  const { ssid, password } = credentials();
  const retry = config.direct === true ? RETRY_DIRECT : RETRY;
  const again = (why: unknown): void => {
    tell("wifi", why);
    Timer.set(join, retry);
  };
  // Nothing here may throw: nobody catches what a set-up module or the driver's callback throws,
  // and the chip restarts.
  const join = (): void => {
    try {
      link ??= new WiFi({ onChanged });
      openOwn();
      if (!joinAgain()) link.connect({ SSID: ssid, password });
    } catch (error) {
      again(error);
    }
  };
  /**
   * A socket's own access point, where its owner wants one: once the radio is up. What fails there
   * costs not the house's.
   */
  const openOwn = (): void => {
    if (isOpen) return;
    isOpen = true;
    try {
      const channel = lastPlace(ssid)?.channel ?? FIRST_CHANNEL;
      const name = openAccessPoint(ADDRESS, MASK, Number(config.port), channel);
      print(`${JSON.stringify({ name: "access-point", ssid: name })}\n`);
    } catch (error) {
      tell("access-point", error);
    }
  };
  /**
   * Once a start: tries where it was last time. The driver does not tell where that fails, so time
   * does.
   */
  const joinAgain = (): boolean => {
    if (triedKnown) return false;
    triedKnown = true;
    const known = lastPlace(ssid);
    if (!known) return false;
    try {
      joinKnown(ssid, password, known.bssid, known.channel);
    } catch (error) {
      tell("wifi", error);
      return false;
    }
    Timer.set(joinElsewhere, KNOWN);
    return true;
  };
  const joinElsewhere = (): void => {
    if (!link || link.connection >= JOINED) return;
    try {
      link.disconnect();
    } catch (error) {
      tell("wifi", error);
    }
    Timer.set(join, AFTER);
  };
  const onChanged = (what: "connection" | "address"): void => {
    if (what === "address") {
      if (link) keepPlace(ssid, link);
    } else if (link && link.connection < JOINED) Timer.set(join, retry);
  };
  // The internal noise source must be off once the radio works.
  drawSeed();
  // What ended the last runs may have been the radio: its peaks of current bring a weak supply
  // down.
  const pause = restartPause();
  if (pause > 0) Timer.set(join, pause);
  else join();
  done();
}

/** Access point and channel that `ssid` had last time. */
function lastPlace(ssid: string): { readonly bssid: string; readonly channel: number } | undefined {
  try {
    const [channel, bssid, ...name] = (storage.open({ path: PLACE, format: "string" }).read(KEY) ?? "").split(" ");
    if (!bssid || name.join(" ") !== ssid) return undefined;
    return { bssid, channel: Number(channel) };
  } catch (error) {
    tell("wifi", error);
    return undefined;
  }
}

/** Flash is written where something has changed only. */
function keepPlace(ssid: string, { BSSID, channel }: WiFi): void {
  if (!BSSID || !channel) return;
  const place = `${channel} ${BSSID} ${ssid}`;
  try {
    const net = storage.open({ path: PLACE, format: "string" });
    if (net.read(KEY) !== place) net.write(KEY, place);
  } catch (error) {
    tell("wifi", error);
  }
}

/** The owner's over the image's. */
function credentials(): WifiCredentials {
  const image = { ssid: String(config.ssid), password: String(config.password) };
  try {
    const store = storage.open({ path: "owner", format: "buffer" });
    const read = (key: string): Uint8Array | undefined => {
      const value = store.read(key);
      return value && new Uint8Array(value);
    };
    return wifiOf({ read }, image);
  } catch (error) {
    tell("wifi", error);
    return image;
  }
}
