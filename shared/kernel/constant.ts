// Constants of a module. On a device they lie in flash; XS keeps a place in RAM for whatever there
// might still change, and the SDK's linker warns of it. So they are frozen through and through.

/**
 * Freezes plain data (objects and arrays, not functions or bytes) to its last part, and gives it
 * back.
 */
export function constant<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) constant(part);
  return value;
}
