// The address of a device on a socket's own access point: link-local, made from its MAC, so that it
// is the same each time and nobody hands it out (RFC 3927, 2.1). Who would use it asks first
// whether somebody has it.

import type { Hex } from "../kernel/units";

/** 169.254.1.0 to 169.254.254.255; the rest is reserved. */
const PREFIX = "169.254";
const FIRST = 1;
const BLOCKS = 254;
/** Sockets and cables of a dedicated link have their fixed addresses in this block. */
const FIXED = 80;
/** FNV-1a, of 32 bits. */
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * "169.254.b.c" for a MAC address of six bytes; for each `attempt` from 0 on another one, since
 * somebody may have the last.
 */
export function linkLocalOf(mac: Hex, attempt: number): string {
  let hash = BASIS;
  for (let i = 0; i < mac.length; i += 2) hash = Math.imul(hash ^ Number.parseInt(mac.slice(i, i + 2), 16), PRIME);
  hash = Math.imul(hash ^ attempt, PRIME);
  // The lowest bits of such a hash depend on the last byte alone.
  const mixed = hash ^ (hash >>> 15);
  const place = FIRST + (((mixed >>> 8) & 0xffff) % (BLOCKS - 1));
  return `${PREFIX}.${place >= FIXED ? place + 1 : place}.${mixed & 0xff}`;
}
