// --owner-port and --owner-password of npm run socket and npm run cable: the owner's way in over the link.

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
  if (port === undefined && password === undefined) return {};
  if (port === undefined || password === undefined)
    throw new UsageError("--owner-port and --owner-password: expected both, as nobody gets in without a password.");
  const [wrong] = problems(ownerTable(device), { ownerPassword: password }, "");
  if (wrong) throw new UsageError(wrong.replace(/^\.\w+/, "--owner-password"));
  return { [device]: { port: wholeNumber("owner-port", port, 0, 0, 65_535), password } };
}
