// npm run picture: docs/owner-page.png, what an owner sees of a simulated socket that sells, taken
// in Debian's Chromium.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Command, run } from "./command";
import { chromiumPath, launchChromium } from "./page/chromium";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PICTURE = join(ROOT, "docs/owner-page.png");
const SIZE = { width: 900, height: 760 };
/** Long enough for a chart with something on it. */
const SOLD_MS = 40_000;
const PATIENCE_MS = 120_000;

const COMMAND: Command<never> = {
  name: "npm run picture",
  about: "makes docs/owner-page.png anew: the owner's page of a simulated socket, in Chromium (Debian: chromium)",
  options: {},
};

interface Pages {
  readonly name: string;
  readonly password?: string;
  readonly socket?: string;
}

await run(COMMAND, async () => {
  const chromium = chromiumPath();
  if (!chromium) throw new Error("expected Chromium on the PATH, found none (Debian: apt-get install chromium)");
  const words = ["--import", "tsx", "tools/start.ts", "--page", "--json", "--speed", "2"];
  const devices = spawn(process.execPath, words, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const { socket, password } = await pagesOf(devices);
    await take(chromium, socket, password);
    console.log(PICTURE);
    return 0;
  } finally {
    devices.kill("SIGINT");
  }
});

/** Where the socket's page is, once power flows. */
async function pagesOf(devices: ChildProcess): Promise<{ readonly socket: string; readonly password: string }> {
  let pages: Pages | undefined;
  for await (const line of createInterface({ input: devices.stdout as NodeJS.ReadableStream })) {
    const event = JSON.parse(line) as Pages;
    if (event.name === "pages") pages = event;
    if (event.name !== "powered") continue;
    if (!pages?.socket || !pages.password) break;
    devices.stdout?.resume();
    return { socket: pages.socket, password: pages.password };
  }
  throw new Error("expected a cable that gets power, and the address of the socket's page; the simulator told neither");
}

async function take(chromium: string, url: string, password: string): Promise<void> {
  const browser = await launchChromium(chromium);
  try {
    const page = await browser.newPage({ viewport: SIZE });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(url);
    await page.getByLabel("The owner's password").fill(password);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    await page.waitForTimeout(SOLD_MS);
    await page.screenshot({ path: PICTURE });
  } finally {
    await browser.close();
  }
}
