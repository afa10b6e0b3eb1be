// --owner-port, --owner-password, --metrics-token and --factory-new of npm run socket and npm run
// cable: the owner's ways in. And --mqtt, the broker that he has.

import { problems } from "../../shared/settings/check";
import { ownerTable } from "../../shared/settings/owner";
import type { DeviceName } from "./bundle";
import { UsageError, wholeNumber } from "./options";
import { settingOptions } from "./setting-options";
import type { BrokerAccess, OwnerAccess } from "./simulation";

/** Throws a UsageError that says what is wrong with them. */
export function ownerOptions(
  device: DeviceName,
  given: ReadonlyMap<string, string>,
): Readonly<Partial<Record<DeviceName, OwnerAccess>>> {
  const port = given.get("owner-port");
  const password = given.get("owner-password");
  const metricsToken = given.get("metrics-token");
  if (port === undefined && password === undefined && metricsToken === undefined) return {};
  if (port === undefined || (password === undefined && metricsToken === undefined))
    throw new UsageError("--owner-port: expected it with --owner-password, as nobody gets in without one.");
  const table = ownerTable(device);
  for (const [option, setting] of [
    ["--owner-password", { ownerPassword: password }],
    ["--metrics-token", { metricsToken }],
  ] as const) {
    const [wrong] = problems(table, setting, "");
    if (wrong) throw new UsageError(wrong.replace(/^\.\w+/, option));
  }
  const access = { ...(password !== undefined && { password }), ...(metricsToken !== undefined && { metricsToken }) };
  return { [device]: { port: wholeNumber("owner-port", port, 0, 0, 65_535), ...access } };
}

/** `[USER:PASSWORD@]HOST[:PORT]`. Throws a UsageError. */
export function brokerOption(given: ReadonlyMap<string, string>): BrokerAccess | undefined {
  const text = given.get("mqtt");
  if (text === undefined) return undefined;
  const [, , user, password, host, port = "1883"] =
    /^(([^:@]+):(.*)@)?([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(`--mqtt: expected [USER:PASSWORD@]HOST[:PORT], such as 127.0.0.1:1883, got "${text}".`);
  const [wrong] = problems(ownerTable("socket"), { mqttHost: host, mqttUser: user, mqttPassword: password }, "");
  if (wrong) throw new UsageError(wrong.replace(/^\.\w+/, "--mqtt"));
  return { host, port: Number(port), user, password };
}

/**
 * Whether a device is to be as it leaves the factory, for its owner to set up over the serial port.
 * Throws a UsageError where something was set all the same.
 */
export function factoryNewIn(given: ReadonlyMap<string, string>): boolean {
  if (!given.has("factory-new")) return false;
  if (!given.has("owner-serial"))
    throw new UsageError("--factory-new: expected --owner-serial PATH with it, by which such a device is set up.");
  const settings = [...Object.keys(settingOptions("socket")), ...Object.keys(settingOptions("cable"))];
  const set = ["scheme", "paper", "owner-port", "owner-password", "metrics-token", "mqtt", ...settings];
  const first = set.find((option) => given.has(option));
  if (first !== undefined) throw new UsageError(`--${first}: a device that is factory-new has no settings yet.`);
  return true;
}
