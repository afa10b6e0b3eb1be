// HTTP Digest access authentication (RFC 7616) with SHA-256 and qop=auth, the answering side: the
// password crosses the link neither in clear nor as a hash. It does not cover the body of a
// request: what that may do is in access.ts.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "../bitcoin/bytes";
import { isHex, isToken } from "../kernel/text";
import type { Hex } from "../kernel/units";
import { encodeUtf8 } from "../kernel/utf8";
import { isSame, OWNER, REALM } from "./credentials";
import type { Nonces } from "./nonces";

/** Header fields beyond this are no answer to a challenge of ours. */
const LONGEST_FIELD = 700;
const LONGEST_CNONCE = 128;

/** What a request claims; all of it is the client's. */
export interface DigestClaim {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: Hex;
  readonly algorithm: string;
  readonly qop: string;
  readonly nc: string;
  readonly cnonce: string;
}

export type DigestVerdict = "right" | "wrong" | "stale" | "again";

/** The value of a WWW-Authenticate field. */
export function challenge(nonce: Hex, isStale: boolean): string {
  const stale = isStale ? ", stale=true" : "";
  return `Digest realm="${REALM}", qop="auth", algorithm=SHA-256, nonce="${nonce}"${stale}, charset=UTF-8`;
}

/** What an Authorization field claims; undefined where it is no Digest with all that is needed. */
export function readDigest(field: string): DigestClaim | undefined {
  if (field.length > LONGEST_FIELD || field.slice(0, 7).toLowerCase() !== "digest ") return undefined;
  const parts = partsOf(field.slice(7));
  if (!parts) return undefined;
  const of = (name: string): string => parts.get(name) ?? "";
  const claim = {
    username: of("username"),
    realm: of("realm"),
    nonce: of("nonce"),
    uri: of("uri"),
    response: of("response").toLowerCase(),
    algorithm: of("algorithm"),
    qop: of("qop"),
    nc: of("nc").toLowerCase(),
    cnonce: of("cnonce"),
  };
  const isWhole = isHex(claim.response, 32) && isHex(claim.nc, 4) && claim.cnonce !== "" && claim.uri !== "";
  return isWhole && claim.cnonce.length <= LONGEST_CNONCE ? claim : undefined;
}

/** RFC 7616, section 3.4.1, with H(A1) as it is kept. */
export function responseOf(
  secret: Hex,
  method: string,
  claim: Omit<DigestClaim, "response" | "username" | "realm" | "algorithm">,
): Hex {
  const { nonce, nc, cnonce, qop, uri } = claim;
  return hash(`${secret}:${nonce}:${nc}:${cnonce}:${qop}:${hash(`${method}:${uri}`)}`);
}

/**
 * Whether the claim shows that its sender knows the password, for this request and for the first
 * time. `stale`: it does, but the nonce is too old; `again`: the same request came before.
 */
export function verifyDigest(
  claim: DigestClaim,
  request: { readonly method: string; readonly target: string; readonly secret: Hex; readonly nonces: Nonces },
): DigestVerdict {
  const { method, target, secret, nonces } = request;
  const isOurs = claim.username === OWNER && claim.realm === REALM && claim.qop === "auth";
  if (!isOurs || claim.algorithm.toUpperCase() !== "SHA-256" || claim.uri !== target) return "wrong";
  const state = nonces.state(claim.nonce);
  if (state === "unknown" || !isSame(responseOf(secret, method, claim), claim.response)) return "wrong";
  if (state === "stale") return "stale";
  return nonces.take(claim.nonce, Number.parseInt(claim.nc, 16)) ? "right" : "again";
}

/**
 * `name=token` and `name="text"`, with commas between (RFC 9110, section 11.4); undefined for
 * anything else.
 */
function partsOf(text: string): ReadonlyMap<string, string> | undefined {
  const parts = new Map<string, string>();
  const part = /\s*([A-Za-z*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/y;
  while (part.lastIndex < text.length) {
    const [whole, name, quoted, token] = part.exec(text) ?? [];
    if (whole === undefined || name === undefined) return undefined;
    const key = name.toLowerCase();
    if (parts.has(key) || (token !== undefined && !isToken(token))) return undefined;
    parts.set(key, token ?? (quoted ?? "").replace(/\\(.)/g, "$1"));
  }
  return parts;
}

function hash(text: string): Hex {
  return bytesToHex(sha256(encodeUtf8(text)));
}
