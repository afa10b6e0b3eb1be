// The owner's pages in a real browser, Debian's Chromium: against the devices of a bench, over HTTP
// on loopback.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import jsQR from "jsqr";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { uriOf } from "../../page/uri";
import { launchChromium } from "../../tools/page/chromium";
import { receiptsIn, verdictOf } from "../../tools/receipt/report";
import { owned } from "../owner/owned";
import { axeFaults, CHROMIUM, OPTIONS, PATIENCE_MS, pixelsOf } from "./browser";
import { PASSWORD, type Served, serve } from "./served";

const SHOTS = join(import.meta.dirname, "../../build/page");
const PHONE = { width: 390, height: 844 };

describe("the owner's pages", OPTIONS, () => {
  let browser: Browser;
  const { bench, socket, cable } = owned({ socket: { price: 250_000 } });
  const served = {} as { socket: Served; cable: Served };
  /** What pages asked for, and what went wrong in them. */
  const asked = new Set<string>();
  const complaints: string[] = [];

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    browser = await launchChromium(CHROMIUM ?? "");
    served.socket = await serve({ answer: (request) => socket.owner.answer(request, "http") });
    served.cable = await serve({ answer: (request) => cable.owner.answer(request, "http") });
    await bench.clock.run(60_000);
  });

  after(async () => {
    served.socket?.close();
    served.cable?.close();
    await browser?.close();
  });

  async function open(device: "socket" | "cable", options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // That a request without a password is challenged is no fault of the page.
      if (message.type() === "error" && !/401|ERR_CONNECTION/.test(message.text())) complaints.push(message.text());
    });
    await page.goto(served[device].url);
    return page;
  }

  async function enter(page: Page, password = PASSWORD): Promise<void> {
    await page.getByLabel("The owner's password").fill(password);
    await page.getByRole("button", { name: "Enter" }).click();
  }

  async function opened(device: "socket" | "cable", options: BrowserContextOptions = {}): Promise<Page> {
    const page = await open(device, options);
    await enter(page);
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    return page;
  }

  const shot = (page: Page, name: string) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  const card = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

  test("ask for the password, tell that a wrong one is wrong, and let the right one in", async () => {
    const page = await open("socket");
    assert.deepEqual(await axeFaults(page), []);
    assert.equal(await page.evaluate("document.activeElement?.id"), "password", "one can type at once");
    await enter(page, "not this one");
    await page.getByRole("alert").getByText("This is not the owner's password.").waitFor();
    await shot(page, "login");
    await enter(page);
    await card(page, "Now")
      .getByText(/^13\d\d$/)
      .waitFor();
    await card(page, "Now").getByText("Paid", { exact: true }).waitFor();
    await page.context().close();
  });

  test("a price that is changed while a session runs, with the keyboard alone, counts in the next one only", async () => {
    const page = await opened("socket");
    const running = await socket.get("status");
    assert.equal(running.session.priceSatPerKwh, 250_000);
    const price = page.getByLabel("price in sat/kWh", { exact: true });
    await price.focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("200000");
    await page.keyboard.press("Enter");
    await page.getByText("Saved: price. From the next session on: price.").waitFor();
    await card(page, "Price").getByText("keeps its price of 250000 sat/kWh").waitFor();
    await shot(page, "socket");
    const after = await socket.get("status");
    assert.deepEqual([after.session.id, after.session.priceSatPerKwh], [running.session.id, 250_000]);
    bench.unplug();
    await bench.clock.run(60_000);
    bench.plugIn();
    await bench.clock.run(60_000);
    const rows = card(page, "Sessions").getByRole("row");
    await rows.nth(2).waitFor();
    const texts = await rows.allTextContents();
    assert.ok(texts[1]?.includes("200000 sat/kWh") && texts[2]?.includes("250000 sat/kWh"), texts.join(" | "));
    await page.context().close();
  });

  test("a value that is refused says why beside its field, and nothing of it is taken", async () => {
    const page = await opened("socket");
    const before = await socket.get("settings.get");
    const increment = page.getByLabel("increment in sat", { exact: true });
    await increment.fill("12");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("expected a whole number (sat) from 294 to 1000000000, came 12").waitFor();
    assert.equal(await page.evaluate("document.activeElement?.id"), "set-increment", "the focus goes there");
    assert.match((await increment.getAttribute("aria-describedby")) ?? "", /set-increment-wrong/);
    assert.deepEqual(await axeFaults(page), []);
    // By itself it is right, beside another it is not: the device says so.
    await increment.fill(String(before.settings.increment));
    await page.getByLabel("sessionMax in sat", { exact: true }).fill("294");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/^expected at least increment/).waitFor();
    await shot(page, "refused");
    assert.deepEqual(await socket.get("settings.get"), before);
    await page.context().close();
  });

  test("what decides where money goes is shown as for the serial port only", async () => {
    const page = await opened("socket");
    const shut = page.getByText(/^Set over the serial port only/);
    await shut.click();
    await page.getByText("Why: it decides where the money goes.").waitFor();
    assert.equal(await page.getByLabel(/^payoutAddress/).count(), 0);
    await page.context().close();
  });

  test("a price is told in money at the rate that the owner types, and the rate is kept", async () => {
    const page = await opened("socket", { locale: "en" });
    await page.getByLabel("A bitcoin costs").fill("95000");
    await card(page, "Price")
      .getByText(/^€\d+\.\d\d a kWh$/)
      .waitFor();
    await page.reload();
    await enter(page);
    assert.equal(await page.getByLabel("A bitcoin costs").inputValue(), "95000");
    await page.context().close();
  });

  test("a connection that is lost is told of, and found again by itself", async () => {
    const page = await opened("socket");
    served.socket.close();
    await page.getByRole("alert").getByText("No connection: the device does not answer").waitFor();
    await shot(page, "lost");
    assert.deepEqual(await axeFaults(page), []);
    const { port } = served.socket;
    served.socket = await serve({ port, answer: (request) => socket.owner.answer(request, "http") });
    await page.getByText("No connection").waitFor({ state: "detached" });
    await page.context().close();
  });

  test("a cable's page shows its address, and a QR code from which a reader reads that very address", async () => {
    const page = await opened("cable");
    const { address } = await cable.get("address");
    await card(page, "Address").getByText(address, { exact: true }).waitFor();
    const picture = await page.getByRole("img", { name: "QR code" }).screenshot({ path: join(SHOTS, "qr.png") });
    const { data, width, height } = await pixelsOf(page, picture);
    const found = jsQR(Uint8ClampedArray.from(data), width, height)?.data;
    assert.equal(found, uriOf(address));
    assert.equal(found?.slice("BITCOIN:".length).toLowerCase(), address);
    await card(page, "Spent").getByText("Today", { exact: true }).waitFor();
    await card(page, "Limits").getByText("maxPrice").waitFor();
    await page.context().close();
  });

  for (const device of ["socket", "cable"] as const)
    for (const colorScheme of ["light", "dark"] as const)
      test(`the ${device}'s page fits a telephone, ${colorScheme}, and axe finds nothing`, async () => {
        const page = await opened(device, { viewport: PHONE, colorScheme });
        for (const summary of await page.locator("summary").all()) await summary.click();
        const width = await page.evaluate<number>("document.documentElement.scrollWidth");
        assert.ok(width <= PHONE.width, `${width} px`);
        assert.deepEqual(await axeFaults(page), []);
        await shot(page, `${device}-${colorScheme}`);
        await page.context().close();
      });

  test("nothing was loaded from elsewhere, and the browser complained of nothing", () => {
    assert.deepEqual(
      [...asked].filter((origin) => !origin.startsWith("http://127.0.0.1:") && origin !== "null"),
      [],
    );
    assert.deepEqual(complaints, []);
  });

  test("the receipts are saved as a file, which is found right", async () => {
    bench.unplug();
    await bench.clock.run(180_000);
    const page = await opened("socket");
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save the receipts" }).click(),
    ]);
    await card(page, "Receipts")
      .getByText(/^\d+ receipts saved\.$/)
      .waitFor();
    assert.equal(saved.suggestedFilename(), "receipts.json");
    const given = receiptsIn(readFileSync(await saved.path(), "utf8"));
    assert.ok(given.receipts.length > 0);
    assert.equal(verdictOf(given, given.publicKey ?? "").isRight, true);
    assert.deepEqual(await axeFaults(page), []);
    await page.context().close();
    bench.plugIn();
  });
});
