// Stands in for our native sockets, "plugpay/sockets" (firmware/native/sockets-esp32.ts says what
// each call does): the simulator's host keeps the connections, and the stack's buffers are here.

import type { SocketOwner } from "plugpay/sockets";
import { ARRIVED, ENDED, OPENED, READABLE, WRITABLE } from "../../../firmware/platform/socket-events";
import { bytesOf, call, type HostEvent, receive as hear, ignore } from "./host";

interface Socket {
  owner: SocketOwner | undefined;
  readonly peer: string;
  received: Uint8Array;
  writable: number;
  open: boolean;
  /** Less was taken than was written. */
  full: boolean;
  why: string;
}

interface State {
  readonly sockets: Map<number, Socket>;
  /** By listener: handles of connections that nobody has taken. */
  readonly listeners: Map<number, number[]>;
}

/** Made at run time: what exists while an image is linked is in flash, read-only. */
let made: State | undefined;

function state(): State {
  made ??= { sockets: new Map(), listeners: new Map() };
  return made;
}

function keep(handle: number, peer: string, owner?: SocketOwner): void {
  const socket = { owner, peer, received: new Uint8Array(0), writable: 0, open: !owner, full: false, why: "" };
  state().sockets.set(handle, socket);
  hear(handle, (event, bytes) => happened(socket, event, bytes));
}

function happened(socket: Socket, { kind, value }: HostEvent, bytes: ArrayBuffer): void {
  if (kind === "data") {
    const all = new Uint8Array(socket.received.length + bytes.byteLength);
    all.set(socket.received);
    all.set(new Uint8Array(bytes), socket.received.length);
    socket.received = all;
    socket.owner?.happened(READABLE);
  } else if (kind === "ready" || kind === "writable") {
    socket.writable = value as number;
    tellRoom(socket);
  } else socket.why = String(value);
  // What came before the end is read before.
  if (socket.why && socket.received.length === 0) socket.owner?.happened(ENDED);
}

function tellRoom(socket: Socket): void {
  const events = (socket.open ? 0 : OPENED | WRITABLE) | (socket.full ? WRITABLE : 0);
  const pending = socket.received.length > 0 ? READABLE : 0;
  socket.open = true;
  socket.full = false;
  if (events | pending) socket.owner?.happened(events | pending);
}

export function listen(owner: SocketOwner, port: number): number {
  const { handle } = call("tcp.listen", { port }).value as { handle: number };
  const waiting: number[] = [];
  state().listeners.set(handle, waiting);
  hear(handle, ({ value }) => {
    keep(value.handle, `${value.remoteAddress}:${value.remotePort}`);
    waiting.push(value.handle);
    owner.happened(ARRIVED);
  });
  return handle;
}

export function connect(owner: SocketOwner, address: string, port: number): number {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) throw new RangeError("expected an address such as 192.168.1.20");
  const { handle } = call("tcp.connect", { address, port }).value as { handle: number };
  keep(handle, `${address}:${port}`, owner);
  return handle;
}

export function take(listener: number): number {
  return state().listeners.get(listener)?.shift() ?? 0;
}

/** Its room, and what came meanwhile, are told in a moment. */
export function adopt(owner: SocketOwner, handle: number): void {
  const socket = state().sockets.get(handle);
  if (!socket) return;
  socket.owner = owner;
  socket.full = true;
  call("tcp.ready", { handle });
}

export function favour(_address: string): void {}

export function peer(handle: number): string {
  return state().sockets.get(handle)?.peer ?? "";
}

export function why(handle: number): string {
  return state().sockets.get(handle)?.why ?? "";
}

export function read(handle: number): ArrayBuffer | undefined {
  const socket = state().sockets.get(handle);
  if (!socket || socket.received.length === 0) return undefined;
  const taken = bytesOf(socket.received);
  socket.received = new Uint8Array(0);
  return taken;
}

export function write(handle: number, bytes: Uint8Array): number {
  const socket = state().sockets.get(handle);
  if (!socket) return 0;
  const fits = bytes.subarray(0, socket.why ? 0 : socket.writable);
  socket.full = fits.length < bytes.length;
  if (fits.length > 0) call("tcp.write", { handle }, bytesOf(fits));
  socket.writable -= fits.length;
  return fits.length;
}

export function close(handle: number): void {
  ignore(handle);
  if (state().listeners.delete(handle)) call("tcp.unlisten", { handle });
  else if (state().sockets.delete(handle)) call("tcp.close", { handle });
}

/** The simulator has addresses, and no group that names are asked of. */
export function talk(_owner: SocketOwner, _group: string, _port: number, _here: string): number {
  throw new Error("no link for datagrams here");
}

export function receive(_handle: number): ArrayBuffer | undefined {
  return undefined;
}

export function say(_handle: number, _bytes: Uint8Array): boolean {
  return false;
}
