// What a wallet reads from a QR code: a URI of BIP321. In upper case, so that the code needs the
// alphanumeric mode only and its modules are larger; bech32 (BIP173) allows that.

import { correction, generate, mode } from "lean-qr";

/** Modules of light around it (ISO/IEC 18004). */
export const QUIET = 4;

export function uriOf(address: string): string {
  return `BITCOIN:${address.toUpperCase()}`;
}

/** Rows of the code, true where it is dark. */
export function modulesOf(text: string): readonly (readonly boolean[])[] {
  const code = generate(mode.alphaNumeric(text), { minCorrectionLevel: correction.M });
  const along = Array.from({ length: code.size }, (_, at) => at);
  return along.map((row) => along.map((column) => code.get(column, row)));
}

/** The dark modules as the `d` of an SVG path, one unit a module. */
export function pathOf(modules: readonly (readonly boolean[])[]): string {
  const parts: string[] = [];
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x++;
      parts.push(`M${from + QUIET} ${y + QUIET}h${x + 1 - from}v1h-${x + 1 - from}z`);
    }
  });
  return parts.join("");
}
