// What a pair meets at a chain behind TLS, before it may sell and while it sells: servers with the
// wrong certificate, none at all, and a link that goes. docs/building.md says what a device checks
// of a certificate.

import { setTimeout as pause } from "node:timers/promises";
import type { Chain } from "./chain";
import type { BoardEvent } from "./console";
import type { EmulatedBoard } from "./emulated-board";
import type { DeviceName } from "./targets";
import type { Face } from "./tls-front";
import { named, type Told } from "./verdict";

/** What a socket must not take, and what it says of it. */
const REFUSED: readonly (readonly [Face, words: RegExp])[] = [
  ["another root", /its certificate does not lead to the configured root/],
  ["another name", /its certificate bears another name/],
  ["away", /cannot connect|TLS handshake/],
];
const WITHOUT_LINK_MS = 8000;

export interface Stage {
  readonly chain: Pick<Chain, "ask">;
  readonly story: readonly Told[];
  readonly troubles: string[];
  readonly boards: Readonly<Record<DeviceName, Pick<EmulatedBoard, "link">>>;
  scene(event: BoardEvent): void;
  until(what: string, isSo: () => boolean): Promise<void>;
}

/**
 * The plug is in: the socket says why it asks none of these servers, and sells nothing. Then it
 * meets one that it takes.
 */
export async function showFaces(stage: Stage): Promise<void> {
  for (const [face, words] of REFUSED) {
    await show(stage, face);
    const before = stage.story.length;
    const hears = (): boolean =>
      stage.story.slice(before).some(({ from, event }) => from === "socket" && words.test(String(event.why)));
    await stage.until(`that the socket says of its chain's server: ${words.source}`, hears);
  }
  const sold = named(stage.story, "socket", "credited").length;
  if (sold > 0) stage.troubles.push(`expected that nothing is sold without a chain, ${sold} increments were`);
  // The device has no calendar.
  await show(stage, "expired");
}

/** Power flows: the link to the chain goes and comes back, and the socket takes payments again. */
export async function loseLink(stage: Stage): Promise<void> {
  const credited = (): number => named(stage.story, "socket", "credited").length;
  stage.scene({ name: "unlink", device: "socket" });
  await stage.boards.socket.link(false);
  await pause(WITHOUT_LINK_MS);
  const before = credited();
  await show(stage, "right");
  stage.scene({ name: "unlink over", device: "socket" });
  await stage.boards.socket.link(true);
  await stage.until("a payment after the link is back", () => credited() > before);
}

async function show(stage: Stage, face: Face): Promise<void> {
  await stage.chain.ask({ show: face });
  stage.scene({ name: "backend", fault: face === "right" ? "none" : face });
}
