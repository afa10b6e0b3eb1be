// What a device tells of itself when it starts: what it is, and what is in force, each in one line.
// Every fact is named here, so that no secret slips in with a setting to come.

import { lastWords, resetCause } from "plugpay/restarts";
import type { CableSettings } from "../../shared/cable/settings";
import type { DeviceEvent } from "../../shared/kernel/ports";
import { VERSION } from "../../shared/kernel/version";
import type { SocketSettings } from "../../shared/socket/settings";

/** The first line of all: it needs nothing that may be wrong. */
export function bootLine(device: "socket" | "cable" | "calibrator", network?: string): DeviceEvent {
  return { name: "boot", device, version: VERSION, network, reset: resetCause(), why: lastWords() };
}

/**
 * What a socket sells, to whom it is paid, and what it risks. `host`: the name that it asks for on
 * Wi-Fi.
 */
export function socketLine(settings: SocketSettings, calibrated: boolean, host?: string): DeviceEvent {
  const { payoutAddress: payout, price, increment, sessionMax, exposureLimit, feeLimit, maxCurrent } = settings;
  return {
    name: "settings",
    payout,
    price,
    increment,
    sessionMax,
    exposureLimit,
    feeLimit,
    standby: settings.standbyAllowance,
    maxCurrent,
    calibrated,
    host,
  };
}

/** What a cable pays at most. Its address follows: deriving it takes a moment. */
export function cableLine(settings: CableSettings, calibrated: boolean): DeviceEvent {
  const { maxPrice, maxIncrement, maxFee, maxFeeRate, maxSession, maxDaily, maxCurrent } = settings;
  return { name: "settings", maxPrice, maxIncrement, maxFee, maxFeeRate, maxSession, maxDaily, maxCurrent, calibrated };
}
