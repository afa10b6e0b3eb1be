// The module "plugpay/page" on a device: the owner's page as it answers GET /, head and body, a
// resource of the image in flash (tools/page/build.ts). Only the piece that goes out is in memory.

import Resource from "Resource";

const NAME = "page.http";

/** 0 where the image has none. */
export function length(): number {
  return Resource.exists(NAME) ? new Resource(NAME).byteLength : 0;
}

/** The bytes from `from` to before `to`. */
export function read(from: number, to: number): Uint8Array {
  return new Uint8Array(new Resource(NAME).slice(from, to));
}
