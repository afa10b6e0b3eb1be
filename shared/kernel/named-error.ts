// What our errors have in common: each says its own name, by a field.

/**
 * On a device `Error.prototype` lies in flash, and to assign what it has (`this.name = ...`)
 * throws; a field is defined anew and does not.
 */
export abstract class NamedError extends Error {
  abstract override readonly name: string;
}
