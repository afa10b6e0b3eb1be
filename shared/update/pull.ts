// Fetches an image from a URL: its signed manifest, which lies beside it, then its bytes, straight
// into flash. Where the connection breaks it begins again, and passes over what it has.

import { messageOf } from "../kernel/message";
import type { Clock } from "../kernel/ports";
import type { Millisecond } from "../kernel/units";
import { urlParts } from "../kernel/url";
import { decodeUtf8 } from "../kernel/utf8";
import type { HttpRequest, HttpResponse } from "../net/http-client";
import { UpdateError } from "./error";
import { LONGEST_MANIFEST, LONGEST_SIGNATURE, type Manifest, type SignedManifest } from "./manifest";
import type { Updater } from "./updater";

/** Of the image's URL and this is its manifest's. */
export const MANIFEST_SUFFIX = ".manifest";

export interface PullOptions {
  readonly clock: Clock;
  readonly updater: Updater;
  readonly request: (request: HttpRequest) => Promise<HttpResponse>;
}

/** With two line ends. */
const MANIFEST_BYTES = LONGEST_MANIFEST + LONGEST_SIGNATURE + 2;
const MANIFEST_TIME: Millisecond = 15_000;
const IMAGE_TIME: Millisecond = 600_000;
const TRIES = 3;
const PAUSE: Millisecond = 5000;

/** What lies beside the image; throws an UpdateError. */
export async function fetchManifest({ request }: PullOptions, url: string): Promise<SignedManifest> {
  const { status, body } = await request({
    ...get(url + MANIFEST_SUFFIX),
    timeoutMs: MANIFEST_TIME,
    limitBytes: MANIFEST_BYTES,
  }).catch((error: unknown) => {
    throw new UpdateError("refused", `${url}${MANIFEST_SUFFIX}: ${messageOf(error)}`);
  });
  if (status !== 200) throw new UpdateError("refused", `${url}${MANIFEST_SUFFIX}: it answered ${status}`);
  return signedIn(decodeUtf8(body));
}

/** What `npm run owner -- sign` wrote: the signature in a line, and the manifest in the next. */
export function signedIn(file: string): SignedManifest {
  const end = file.indexOf("\n");
  const [signature, rest] = [file.slice(0, Math.max(end, 0)), file.slice(end + 1)];
  if (end < 0 || signature.length > LONGEST_SIGNATURE || !rest.startsWith("{"))
    throw new UpdateError("wrong", "expected what npm run owner -- sign wrote: a signature and a manifest");
  return { manifest: rest.endsWith("\n") ? rest.slice(0, -1) : rest, signature };
}

/** A file that `signedIn` reads. */
export function signedFile({ manifest, signature }: SignedManifest): string {
  return `${signature}\n${manifest}\n`;
}

/** After `begin`: brings the image into flash and has the next start take it. Never rejects. */
export async function fetchImage(options: PullOptions, url: string, { size }: Manifest): Promise<boolean> {
  const { updater, clock } = options;
  for (let left = TRIES; ; left--) {
    const why = await fetchOnce(options, url, size);
    // A write that failed has ended it already.
    if (!updater.isUnderWay) return false;
    if (why === undefined) return finished(updater);
    if (left <= 1) {
      updater.fail(`${url}: ${why}`);
      return false;
    }
    await new Promise<void>((resolve) => void clock.after(PAUSE, resolve));
  }
}

/** Undefined where all came. */
async function fetchOnce({ updater, request }: PullOptions, url: string, size: number): Promise<string | undefined> {
  let offset = 0;
  const take = (chunk: Uint8Array): void => {
    updater.write(offset, chunk);
    offset += chunk.length;
  };
  try {
    const { status } = await request({ ...get(url), timeoutMs: IMAGE_TIME, limitBytes: size, onChunk: take });
    if (status !== 200) return `it answered ${status}`;
    return offset === size ? undefined : `expected ${size} bytes, came ${offset}`;
  } catch (error) {
    return messageOf(error);
  }
}

function finished(updater: Updater): boolean {
  try {
    updater.finish();
    return true;
  } catch {
    // It was told, and the device starts anew.
    return false;
  }
}

function get(url: string): Pick<HttpRequest, "host" | "port" | "secure" | "method" | "path"> {
  const parts = urlParts(url);
  if (!parts) throw new UpdateError("refused", "updateUrl: expected a URL with its scheme");
  const { host, port, secure, path } = parts;
  return { method: "GET", host, port, secure, path: path === "" ? "/" : path };
}
