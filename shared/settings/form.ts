// Texts of a certain form: what each looks like, and whether one does.

import { isHex } from "../kernel/text";
import { urlParts } from "../kernel/url";

export type Form = "url" | "host" | "label" | "ipv4" | "passphrase" | "public-key" | "topic";

/** In words, for a person who wrote something else. */
export function formText(form: Form): string {
  switch (form) {
    case "url":
      return "a URL with its scheme, http://host:port/path or https://...";
    case "host":
      return "the name or the address of a host, without scheme and port";
    case "label":
      return "a name of 1 to 63 letters, digits and hyphens";
    case "ipv4":
      return "an IPv4 address, such as 169.254.80.80";
    case "passphrase":
      return "a text of 8 to 63 bytes, 64 hexadecimal digits, or an empty text for an open Wi-Fi";
    case "public-key":
      return "a public key of secp256k1: 02 or 03 and 64 hexadecimal digits, in lower case";
    case "topic":
      return "1 to 64 letters, digits, hyphens and underscores, in parts between slashes";
  }
}

export function hasForm(form: Form, text: string): boolean {
  switch (form) {
    case "url":
      return urlParts(text) !== undefined;
    case "host":
      return text.length <= 253 && (/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) || isIpv6(text));
    case "label":
      return text.length <= 63 && /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(text);
    case "ipv4":
      return isIpv4(text);
    case "passphrase":
      return isPassphrase(text);
    case "public-key":
      return isHex(text, 33) && (text.startsWith("02") || text.startsWith("03"));
    case "topic":
      return text.length <= 64 && /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/.test(text);
  }
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** Roughly: what connects tells the rest. */
function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]+$/.test(text) && text.split(":").length > 2;
}

/** IEEE 802.11: a passphrase, or the key itself. */
function isPassphrase(text: string): boolean {
  const bytes = utf8Length(text);
  return bytes === 0 || (bytes >= 8 && bytes <= 63) || (bytes === 64 && /^[0-9A-Fa-f]+$/.test(text));
}

export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
