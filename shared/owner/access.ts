// Who may what: the one table of it. Whatever decides where money goes, or who rules, comes over
// the serial port only.
//
// Over the link the owner shows that he knows the password (digest.ts), and no password crosses it.
// But Digest's `qop=auth` does not cover a request's body: somebody in the middle of plain HTTP
// could put another in its place.

import { constant } from "../kernel/constant";
import type { Device } from "../settings/owner";
import { RpcError, type Way } from "./json-rpc";

/** Why not over the link, by method. */
const METHODS: Readonly<Record<string, string>> = constant({
  forgive: "it writes off what the other side owes",
  reset: "it takes the image's payout address and forgets the password",
  "key.new": "a key is money",
  "key.import": "a key is money",
  "seed.show": "a seed is money",
  "seed.keep": "a seed is money",
  "seed.import": "a seed is money",
});

/** Why not over the link, by setting of either device. */
const SETTINGS: Readonly<Record<string, string>> = constant({
  network: "it decides which money counts",
  payoutAddress: "it decides where the money goes",
  forgive: "it writes off what the other side owes",
  release: "it spends the cable's coins",
  esplora: "whoever answers for the chain decides what is paid",
  chain: "whoever answers for the chain decides what is paid",
  ssid: "who has the link is in the middle of it",
  password: "it would cross the link",
  socket: "it decides whom the cable pays",
  ownerPort: "it decides who rules",
  ownerPassword: "it would cross the link",
  metricsToken: "it would cross the link",
  updateKey: "it decides whose images run",
  updateUrl: "it decides where images come from",
  mqttHost: "it decides who gets the broker's password",
  mqttPort: "it decides who gets the broker's password",
  mqttUser: "it would cross the link",
  mqttPassword: "it would cross the link",
});

const CABLES = "all of a cable's settings bound what it spends";

/** The names above, for the page of documentation. */
export function serialOnly(): { readonly methods: readonly string[]; readonly settings: readonly string[] } {
  return { methods: Object.keys(METHODS), settings: Object.keys(SETTINGS) };
}

/**
 * Throws an RpcError that says why, where the method wants the serial port and the call came
 * another way.
 */
export function mayCall(method: string, way: Way): void {
  const why = METHODS[method];
  if (way !== "serial" && why !== undefined) throw new RpcError("serial-only", sentence(`${method} is called`, why));
}

/**
 * Why the owner of a `device` sets this over the serial port only; undefined where it may come over
 * the link.
 */
export function whySerial(device: Device, setting: string): string | undefined {
  return device === "cable" ? (SETTINGS[setting] ?? CABLES) : SETTINGS[setting];
}

/**
 * Throws an RpcError that names each setting which may not come this way; nothing of the call is
 * done then.
 */
export function maySet(device: Device, settings: readonly string[], way: Way): void {
  if (way === "serial") return;
  const problems = settings.flatMap((name) => {
    const why = whySerial(device, name);
    return why === undefined ? [] : [{ name, why: sentence(`${name} is set`, why) }];
  });
  const [first] = problems;
  if (first) throw new RpcError("serial-only", first.why, problems);
}

function sentence(what: string, why: string): string {
  return `${what} over the serial port only, as ${why}: connect the device by USB and use npm run owner -- --port PORT`;
}
