// The module "plugpay/sockets" on a device: TCP and UDP natively (sockets-esp32.c). Sockets go by
// handles; what happens to one is told to its owner, which it keeps alive until it is closed.
// Nothing here waits, and calls with an old handle do nothing.

import type { SocketOwner } from "plugpay/sockets";

/** Gives a handle. Throws where it cannot. */
export function listen(this: unknown, owner: SocketOwner, port: number): number {
  return native("plugpay_sockets_listen").call(this, owner, port) as number;
}

/**
 * Gives a handle: the owner is told when it is connected, or that it failed, after ten seconds at
 * the latest. Throws where all sockets are in use.
 */
export function connect(this: unknown, owner: SocketOwner, address: string, port: number): number {
  return native("plugpay_sockets_connect").call(this, owner, address, port) as number;
}

/** The next connection to this listener that waits to be taken, or 0. */
export function take(this: unknown, listener: number): number {
  return native("plugpay_sockets_take").call(this, listener) as number;
}

/** Makes `owner` the object that hears of a connection that was taken. */
export function adopt(this: unknown, owner: SocketOwner, handle: number): void {
  native("plugpay_sockets_adopt").call(this, owner, handle);
}

/** Connections from this address are served first; "": of none. */
export function favour(this: unknown, address: string): void {
  native("plugpay_sockets_favour").call(this, address);
}

/** `address:port` of the other end. */
export function peer(this: unknown, handle: number): string {
  return native("plugpay_sockets_peer").call(this, handle) as string;
}

/** Why it ended. */
export function why(this: unknown, handle: number): string {
  return native("plugpay_sockets_why").call(this, handle) as string;
}

/** Undefined where nothing has come. */
export function read(this: unknown, handle: number): ArrayBuffer | undefined {
  return native("plugpay_sockets_read").call(this, handle) as ArrayBuffer | undefined;
}

/** Gives how many of the bytes it took; where that is not all, it tells when there is room. */
export function write(this: unknown, handle: number, bytes: Uint8Array): number {
  return native("plugpay_sockets_write").call(this, handle, bytes) as number;
}

/**
 * What was written is still sent; where nothing was, the other end learns at once that the
 * connection is gone.
 */
export function close(this: unknown, handle: number): void {
  native("plugpay_sockets_close").call(this, handle);
}

/**
 * A port for datagrams (0: any), a member of `group` on the interface with the address `here`; ""
 * for no group, any interface. Throws where there is no link.
 */
export function talk(this: unknown, owner: SocketOwner, group: string, port: number, here: string): number {
  return native("plugpay_sockets_talk").call(this, owner, group, port, here) as number;
}

/**
 * Whose it is (four bytes of address, two of port), and the datagram; undefined where none has
 * come.
 */
export function receive(this: unknown, handle: number): ArrayBuffer | undefined {
  return native("plugpay_sockets_receive").call(this, handle) as ArrayBuffer | undefined;
}

/** `bytes`: where it goes, in the same way, and the datagram. Gives whether it was sent. */
export function say(this: unknown, handle: number, bytes: Uint8Array): boolean {
  return native("plugpay_sockets_say").call(this, handle, bytes) as boolean;
}
