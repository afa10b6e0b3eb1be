// An image that was started for the first time after an update tries itself
// (shared/update/trial.ts): here is what it looks at on a device.

import { restart } from "plugpay/restarts";
import { slotConfirm, slotState } from "plugpay/update";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { messageOf } from "../../shared/kernel/message";
import type { Chain, Clock } from "../../shared/kernel/ports";
import type { Millisecond } from "../../shared/kernel/units";
import { selfTest } from "../../shared/update/self-test";
import { Trial, type TrialCheck } from "../../shared/update/trial";
import { addresses } from "./addresses";
import type { OwnerSide } from "./owner";
import { report } from "./report";

/** A link that is not there by then is one that this image does not bring up. */
const LINK_MOST: Millisecond = 600_000;

/** True where the next start goes back, unless this image confirms itself. */
export function isOnTrial(): boolean {
  return slotState() === "trial";
}

export interface TrialParts {
  readonly clock: Clock;
  readonly owner: OwnerSide;
  /** Reads the settings and builds what the device works with; throws where that fails. */
  readonly build: () => void;
  /** Why there is no link yet; undefined: there is one. */
  readonly link?: () => string | undefined;
  /** Of a socket. */
  readonly chain?: () => Chain;
}

/** The owner sees it, and nobody is dealt with. */
export function tryOut({ clock, owner, build, link = linkNow, chain }: TrialParts): void {
  const checks: TrialCheck[] = [
    { name: "self-test", look: () => selfTest(ecdsa) as undefined },
    { name: "settings", look: () => build() as undefined },
    { name: "journal", look: () => mustGoOn(owner) },
    { name: "link", look: link, most: LINK_MOST },
  ];
  // Made when it is its turn: it wants the settings.
  let heard: Chain | undefined;
  if (chain)
    checks.push({
      name: "chain",
      look: async () => {
        heard ??= chain();
        return await silence(heard);
      },
    });
  const trial = new Trial({ clock, report: owner.told(report), checks, confirm: slotConfirm, restart });
  void trial.run();
  owner.begin(undefined, () => `a new image is on trial: ${trial.why}`);
}

function mustGoOn(owner: OwnerSide): undefined {
  const why = owner.whyCannotGoOn();
  if (why !== undefined) throw new Error(why);
}

function linkNow(): string | undefined {
  return addresses().length > 0 ? undefined : "the link has no address yet";
}

/** Undefined where the chain answers. */
async function silence(chain: Chain): Promise<string | undefined> {
  try {
    await chain.tip();
    return undefined;
  } catch (error) {
    return `the chain does not answer: ${messageOf(error)}`;
  }
}
