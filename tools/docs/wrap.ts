// Prose of a page in lines of at most 100 characters, for the pages that are made from code. What
// is in backticks, or a link's text, stays on one line; code, tables and headings stay as they are.

export const WIDTH = 100;
const MARKER = /^(\s*)([-*+] +|\d+[.)] +)?/;
const MARKED = /^\s*([-*+]|\d+[.)]) /;

/** Whether a line is prose; code is told by its fences before. */
export function isProse(line: string): boolean {
  return line.trim() !== "" && !/^\s*[|#<!>]/.test(line);
}

/** The page with its prose in short lines. */
export function wrapped(page: string): string {
  const out: string[] = [];
  let paragraph = "";
  let isCode = false;
  const end = (): void => {
    if (paragraph !== "") out.push(...linesOf(paragraph));
    paragraph = "";
  };
  for (const line of page.split("\n")) {
    const isFence = line.startsWith("```");
    if (isFence) isCode = !isCode;
    const isFixed = isFence || isCode || !isProse(line);
    if (isFixed || MARKED.test(line)) end();
    if (isFixed) out.push(line);
    else paragraph = paragraph === "" ? line : `${paragraph} ${line.trim()}`;
  }
  end();
  return out.join("\n");
}

function linesOf(line: string): readonly string[] {
  const [marker = ""] = MARKER.exec(line) ?? [];
  const lines: string[] = [];
  let current = marker;
  for (const word of line.slice(marker.length).match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? []) {
    const isFirst = current.trim() === marker.trim();
    if (!isFirst && current.length + 1 + word.length > WIDTH) {
      lines.push(current);
      current = " ".repeat(marker.length) + word;
    } else current += isFirst ? word : ` ${word}`;
  }
  return [...lines, current];
}
