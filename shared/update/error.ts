// Why an update does not begin, or does not go on.

import { NamedError } from "../kernel/named-error";

/**
 * `wrong`: what came is not what it should be. `refused`: it is, and this device does not take it.
 */
export type UpdateErrorKind = "wrong" | "refused";

export class UpdateError extends NamedError {
  override readonly name = "UpdateError";
  constructor(
    readonly kind: UpdateErrorKind,
    message: string,
  ) {
    super(message);
  }
}
