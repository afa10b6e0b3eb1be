// Guards of the owner's side: who gets in, and what he may do by which way.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test: string, proves?: string): Mutation {
  return { name, file: `shared/owner/${file}.ts`, from, to, tests: [`host-tests/owner/${test}.test.ts`], proves };
}

export const OWNER: readonly Mutation[] = [
  {
    name: "seed-kept",
    file: "shared/channel/seed.ts",
    from: "mainnet && !stored.isKept ? undefined : stored.seed",
    to: "stored.seed",
    tests: ["host-tests/owner/seed.test.ts"],
    proves: "none is born there, and one that was drawn counts only once he said that he has it",
  },
  {
    name: "seed-born",
    file: "shared/channel/seed.ts",
    from: "return mainnet || !sells ? undefined",
    to: "return !sells ? undefined",
    tests: ["host-tests/owner/seed.test.ts"],
  },
  mutation("seed-digits", "seed", 'throw wrong("digits"', 'void wrong("digits"', "seed"),
  mutation("seed-shown-once", "seed", "if (stored?.isKept) throw", "if (false) throw", "seed"),
  mutation("seed-in-use", "seed", "if (holdsChannels(store))", "if (false)", "seed"),
  mutation(
    "owner-method-by-serial",
    "access",
    'if (way !== "serial" && why !== undefined)',
    "if (false)",
    "methods",
    "forgive writes debts off, over the serial port only",
  ),
  mutation(
    "owner-cable-by-serial",
    "access",
    'return device === "cable" ? (SETTINGS[setting] ?? CABLES) : SETTINGS[setting];',
    "return SETTINGS[setting];",
    "settings",
    "nothing of a cable's may",
  ),
  mutation(
    "owner-count-once",
    "nonces",
    "if ((used.seen & bit) !== 0) return false;",
    "",
    "digest",
    "has counts that may overtake each other, within a window, and never come twice",
  ),
  mutation(
    "owner-guesses-wait",
    "attempts",
    "const own = Math.max(0, (this.#wrong.get(address)?.until ?? 0) - now);",
    "const own = 0;",
    "digest",
    "make their address wait, twice as long each time, up to five minutes",
  ),
  mutation(
    "owner-reset-mark-last",
    "reset",
    "  if (!owner.read(MARK)) return false;",
    "  if (!owner.read(MARK)) return false;\n  owner.remove(MARK);",
    "methods",
    "a cut of power during a reset leaves the device as it was, or one that goes on forgetting",
  ),
  mutation("owner-all-or-nothing", "settings", "    refuse(this.problemsOf(next, own));\n", "", "settings"),
  mutation("owner-host-is-own", "http", "if (!isOwn) return", "if (false) return", "http"),
  mutation("owner-origin-is-own", "http", "if (origin === undefined || origin", "if (true || origin", "http"),
];
