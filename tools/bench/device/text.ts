// Ways to find out what a text is made of: a regular expression that exists already, one that is
// made where it is used, and a loop over characters. Texts as they come over the wire.

import { isHeaderText, isHex, isToken } from "../../../shared/kernel/text";
import { calibrate, count, report } from "./host";

const DIGITS = "0123456789abcdef";
const NOT_HEX = /[^0-9a-f]/;

function loop(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}

/** The second run: the first also makes what stays. */
function measure(name: string, action: () => boolean): void {
  count(action);
  const { result, cost } = count(action);
  if (!result) throw new Error(`${name}: expected the text to pass`);
  report(name, cost);
}

export function main(): void {
  calibrate();
  for (const length of [16, 64, 512]) {
    const text = DIGITS.repeat(length / 16);
    measure(`made_before_${length}`, () => !NOT_HEX.test(text));
    measure(`made_at_use_${length}`, () => isHex(text));
    measure(`loop_${length}`, () => loop(text));
  }
  measure("token_12", () => isToken("content-type"));
  measure("headerText_8", () => isHeaderText("text/xml"));
}
