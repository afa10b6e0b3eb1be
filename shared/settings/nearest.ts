// The known name that a person who wrote an unknown one most likely meant.

/** Names longer than this are not compared: the work grows with the product of both lengths. */
const LONGEST = 40;

/**
 * The name in `known` with the fewest changed letters, if they are less than half of it; upper and
 * lower case are one.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const each of known) {
    const changes = distance(name.toLowerCase(), each.toLowerCase());
    if (changes < least && changes * 2 < each.length) {
      least = changes;
      best = each;
    }
  }
  return best;
}

/** Levenshtein's: letters put in, left out or replaced. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let at = 1; at <= b.length; at++) {
      const replaced = (above[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[at] ?? 0) + 1, (line[at - 1] ?? 0) + 1));
    }
    above = line;
  }
  return above[b.length] ?? 0;
}
