// Reads a QR code off a terminal, as a telephone's camera would.

import jsQR from "jsqr";

const BEGIN = "\x1b[30;107m";
const END = "\x1b[0m";
/** Pixels a module. */
const SCALE = 4;

/** `lines`: of half blocks, black on white. Undefined where there is no code in them. */
export function codeRead(lines: readonly string[]): string | undefined {
  const rows = lines.flatMap((line) => {
    const blocks = [...line.slice(BEGIN.length, -END.length)];
    return ["▀█", "▄█"].map((dark) => blocks.map((block) => dark.includes(block)));
  });
  const width = (rows[0]?.length ?? 0) * SCALE;
  const pixels = rows.flatMap((row) => {
    const line = row.flatMap((isDark) =>
      Array(SCALE)
        .fill(isDark ? [0, 0, 0, 255] : [255, 255, 255, 255])
        .flat(),
    );
    return Array(SCALE).fill(line).flat();
  });
  return jsQR(Uint8ClampedArray.from(pixels), width, rows.length * SCALE)?.data;
}
