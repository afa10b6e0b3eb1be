// Brings a signed image into a device, piece by piece.

import { ANYWAY } from "../../shared/owner/update";
import { UsageError } from "../firmware/targets";
import { readImage, readSigned } from "./sign";
import type { Answer, Way } from "./way";

/** A piece whose answer was lost comes again; the device passes over what it has. */
const TRIES = 3;

export interface Pushed {
  readonly version: string;
  readonly size: number;
  readonly restarts: boolean;
}

/** `said`: what was typed after the file. `progress`: bytes that are there, of so many. */
export async function pushImage(
  way: Way,
  path: string,
  said: string | undefined,
  progress: (bytes: number, size: number) => void,
): Promise<Pushed> {
  const image = readImage(path);
  let id = 0;
  const ask = async <T>(method: string, params: object): Promise<T> => {
    const answer = await way.ask({ jsonrpc: "2.0", id: ++id, method, params });
    if (answer.error) throw new UsageError(`${method}: ${whyOf(answer.error)}`);
    return answer.result as T;
  };
  const confirm = confirmed(said);
  const { chunk, version, size } = await ask<{ chunk: number; version: string; size: number }>("update.begin", {
    ...readSigned(path),
    ...confirm,
  });
  for (let at = 0; at < image.length; ) {
    const data = Buffer.from(image.subarray(at, at + chunk)).toString("base64");
    at = await again(async () => (await ask<{ next: number }>("update.write", { offset: at, data })).next);
    progress(at, image.length);
  }
  const { restarts } = await ask<{ restarts: boolean }>("update.finish", {});
  return { version, size, restarts };
}

export function confirmed(said: string | undefined): { readonly confirm?: string } {
  if (said === undefined) return {};
  if (said !== ANYWAY) throw new UsageError(`expected nothing more, or ${ANYWAY}, came "${said}"`);
  return { confirm: said };
}

async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--)
    try {
      return await call();
    } catch (error) {
      if (left <= 1 || !(error instanceof UsageError) || error.message.startsWith("update.")) throw error;
    }
}

function whyOf({ message, data }: NonNullable<Answer["error"]>): string {
  return data?.why ?? message;
}
