// What the tests in a real browser, Debian's Chromium, have alike.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { chromiumPath } from "../../tools/page/chromium";

export const CHROMIUM = chromiumPath();
/**
 * Minutes of a desktop's time, and a machine that does much else makes it longer: so only npm run
 * test:browser asks for it.
 */
const ASKED = process.env.BROWSER === "1";
export const OPTIONS = {
  skip: ASKED
    ? CHROMIUM
      ? false
      : "no Chromium (Debian: apt-get install chromium)"
    : "asked for by npm run test:browser",
};
/** For a machine that does much else. */
export const PATIENCE_MS = 120_000;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe finds wrong with the page as it is now. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate<{ violations: Violation[] }>("axe.run()");
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")} ${nodes[0]?.failureSummary}`,
  );
}

export interface Pixels {
  readonly data: number[];
  readonly width: number;
  readonly height: number;
}

/**
 * A picture's pixels, as the browser decodes it: on a page of its own, whose policy is not the
 * device's.
 */
export async function pixelsOf(near: Page, picture: Buffer): Promise<Pixels> {
  const page = await near.context().newPage();
  const pixels = await page.evaluate<Pixels>(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${picture.toString("base64")}";
    await image.decode();
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0);
    return { data: [...context.getImageData(0, 0, width, height).data], width, height };
  })()`);
  await page.close();
  return pixels;
}
