// --owner-port, --owner-password and --metrics-token of npm run socket and npm run cable: the
// owner's way in over the link.

import { problems } from "../../shared/settings/check";
import { ownerTable } from "../../shared/settings/owner";
import type { DeviceName } from "./bundle";
import { UsageError, wholeNumber } from "./options";
import type { OwnerAccess } from "./simulation";

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
