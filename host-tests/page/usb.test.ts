// The page for a device on USB, in a real browser: a factory-new pair is set up by it, from nothing
// to power that is sold at a price that was changed. Web Serial is a stand-in, wired to the
// simulated devices' serial ports.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import jsQR from "jsqr";
import type { Browser, Locator, Page } from "playwright-core";
import type { DeviceName } from "../../lab/sim/bundle";
import { launchChromium } from "../../tools/page/chromium";
import { type ServedPage, servePage } from "../../tools/page/serve";
import { NEXT_PRICE, type NewPair, PAYOUT, PRICE, startNewPair } from "../owner/factory-new";
import { axeFaults, CHROMIUM, OPTIONS, PATIENCE_MS, pixelsOf } from "./browser";
import { FakeSerial } from "./fake-serial";

const SHOTS = join(import.meta.dirname, "../../build/page");

describe("the page for a device on USB", OPTIONS, () => {
  let browser: Browser;
  let served: ServedPage;
  let pair: NewPair;
  const shown = {} as Record<DeviceName, { page: Page; serial: FakeSerial }>;
  const asked = new Set<string>();
  const complaints: string[] = [];

  before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    pair = await startNewPair();
    served = await servePage(0);
    browser = await launchChromium(CHROMIUM ?? "");
    for (const device of ["socket", "cable"] as const) shown[device] = await open();
  });

  after(async () => {
    for (const { serial } of Object.values(shown)) serial.close();
    await browser?.close();
    served?.close();
    await pair?.stop();
  });

  async function open(): Promise<{ page: Page; serial: FakeSerial }> {
    const page = await (await browser.newContext({ viewport: { width: 1000, height: 900 } })).newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    const serial = await FakeSerial.into(page);
    await page.goto(served.url);
    return { page, serial };
  }

  const card = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });
  const shot = (page: Page, name: string) => page.screenshot({ path: join(SHOTS, `usb-${name}.png`), fullPage: true });

  async function connect(device: DeviceName): Promise<Page> {
    const { page, serial } = shown[device];
    await serial.choose(pair[device].serial);
    await page.getByRole("button", { name: "Choose the device" }).click();
    await page.getByRole("heading", { name: "Settings" }).waitFor();
    return page;
  }

  async function fill(page: Page, texts: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, text] of Object.entries(texts)) await page.getByLabel(label, { exact: true }).fill(text);
  }

  async function restart(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Restart", exact: true }).click();
    await page.getByRole("button", { name: "Yes, restart it" }).click();
  }

  test("says what it is for, and nothing happens where the owner chooses no port", async () => {
    const { page, serial } = shown.socket;
    await page.getByRole("button", { name: "Choose the device" }).click();
    await page.getByText("Over this wire it takes all settings, and asks no password.").waitFor();
    await page.getByText("at mains potential").waitFor();
    assert.deepEqual(await axeFaults(page), []);
    assert.deepEqual(serial.done, []);
  });

  test("shows that a factory-new socket is not started and why, and has every setting open", async () => {
    const page = await connect("socket");
    await card(page, "Now").getByText("Not started", { exact: true }).waitFor();
    await card(page, "Now")
      .getByText(/^Network: expected .*; payoutAddress: expected/)
      .first()
      .waitFor();
    assert.equal(await page.getByText(/^Set over the serial port only/).count(), 0);
    assert.deepEqual(await axeFaults(page), []);
    await shot(page, "new");
  });

  test("what is missing is said beside the settings, and nothing of the rest is taken", async () => {
    const { page } = shown.socket;
    await page.getByLabel("network", { exact: true }).selectOption("regtest");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/^Nothing was changed: payoutAddress: expected/).waitFor();
    await page.getByText("expected a text of 14 to 90 bytes, came nothing", { exact: true }).waitFor();
  });

  test("a socket is told where its money goes and who knows the chain, and waits for a cable then", async () => {
    const { page } = shown.socket;
    await fill(page, { payoutAddress: PAYOUT, esplora: pair.esplora, "price in sat/kWh": `${PRICE}` });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/^Saved: .*After a restart: network, payoutAddress, esplora/).waitFor();
    await restart(page);
    await card(page, "Now").getByText("Standby", { exact: true }).waitFor();
  });

  test("a password of the owner's is taken, and never shown", async () => {
    const { page } = shown.socket;
    const password = page.getByLabel("ownerPassword", { exact: true });
    assert.equal(await password.getAttribute("type"), "password");
    await password.fill("correct horse");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/^Saved: ownerPassword/).waitFor();
    assert.equal(await password.inputValue(), "");
    assert.ok(!(await page.content()).includes("correct horse"));
  });

  test("a cable is told its network and its limits, draws a key, and is funded from the QR code", async () => {
    const page = await connect("cable");
    await card(page, "Address").getByText("It has no key yet").waitFor();
    await page.getByLabel("network", { exact: true }).selectOption("regtest");
    await page.getByText(/^More settings/).click();
    await fill(page, { "maxPrice in sat/kWh": `${2 * PRICE}` });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText(/^Saved: .*After a restart: network/).waitFor();
    await restart(page);
    const { address } = await pair.cable.event("address");
    const picture = await page.getByRole("img", { name: `QR code of the address ${address}` }).screenshot();
    const { data, width, height } = await pixelsOf(page, picture);
    const uri = jsQR(Uint8ClampedArray.from(data), width, height)?.data ?? "";
    assert.equal(uri, `BITCOIN:${String(address).toUpperCase()}`);
    pair.socket.type(`fund ${uri.slice("BITCOIN:".length).toLowerCase()}`);
  });

  test("it pays, and both pages show the power that is sold", async () => {
    await pair.socket.event("credited");
    await card(shown.socket.page, "Now").getByText("Paid", { exact: true }).waitFor();
    await card(shown.cable.page, "Now").getByText("Powered", { exact: true }).waitFor();
    await card(shown.socket.page, "Sessions").getByText(`${PRICE} sat/kWh`).first().waitFor();
    for (const device of ["socket", "cable"] as const) await shot(shown[device].page, device);
  });

  test("the price is changed: the session that runs keeps its own, and the next one has it", async () => {
    const { page } = shown.socket;
    await fill(page, { "price in sat/kWh": `${NEXT_PRICE}` });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved: price. From the next session on: price.").waitFor();
    const from = pair.socket.lines.length;
    for (const each of [pair.socket, pair.cable]) each.type("plug out");
    await pair.socket.event("session-ended", from);
    for (const each of [pair.cable, pair.socket]) each.type("plug in");
    await card(page, "Sessions").getByText(`${NEXT_PRICE} sat/kWh`).first().waitFor();
    await card(page, "Sessions").getByText(`${PRICE} sat/kWh`).first().waitFor();
  });

  test("a cord that is pulled is told of, and found again by itself", async () => {
    const { page, serial } = shown.socket;
    await serial.unplug(pair.socket.serial);
    await page.getByRole("alert").getByText("No connection: the port does not open").waitFor();
    serial.plugIn(pair.socket.serial);
    await page.getByText("No connection").waitFor({ state: "detached" });
    assert.deepEqual(serial.done, ["open 115200", "open 115200"]);
  });

  test("no port's DTR or RTS was moved, nothing was asked of a network, and the browser complained of nothing", () => {
    const done = [...shown.socket.serial.done, ...shown.cable.serial.done];
    assert.deepEqual(new Set(done), new Set(["open 115200"]));
    assert.deepEqual([...asked], [new URL(served.url).origin]);
    assert.deepEqual(complaints, []);
  });
});
