// Guards of what is remembered over a power cut.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test: string, proves?: string): Mutation {
  return { name, file: `shared/journal/${file}.ts`, from, to, tests: [`host-tests/${test}.test.ts`], proves };
}

export const JOURNAL: readonly Mutation[] = [
  mutation(
    "journal-newest-slot",
    "journal",
    "if (!found || found.sequence <= this.#sequence) continue;",
    "if (!found) continue;",
    "journal/journal",
  ),
  mutation("journal-slots-in-turn", "journal", 'this.#next = this.#next === "a" ? "b" : "a";', "", "journal/journal"),
  mutation("journal-checksum", "journal", "if (actual !== sum)", "if (false)", "journal/journal"),
  mutation(
    "journal-version",
    "journal",
    "if (slot.version > version || slot.version < from)",
    "if (false)",
    "journal/journal",
  ),
  mutation(
    "journal-no-room-to-set-aside",
    "journal",
    "attempt(report, () => store.write(",
    "((go: () => void) => go())(() => store.write(",
    "journal/journal",
  ),
  mutation(
    "ledger-nothing-changed-unwritten",
    "ledger",
    "[this.#record, this.#changed] = [record, changed];\n      throw",
    "throw",
    "journal/counters",
  ),
  mutation(
    "ledger-counters-count",
    "ledger",
    "if (counted && counted.total >= found.total)",
    "if (false)",
    "journal/counters",
  ),
  mutation("counters-mark", "counters", "view.getUint32(0, true) !== mark || ", "", "journal/counters"),
  mutation(
    "counters-checksum",
    "counters",
    " || view.getUint32(20, true) !== crc32(bytes, 0, 20)",
    "",
    "journal/counters",
  ),
  mutation(
    "counters-latest",
    "counters",
    "if (!found || (last && found.total < last.total)) return;",
    "if (!found) return;",
    "journal/counters",
  ),
  mutation(
    "ledger-unwritten-is-not-acted-on",
    "ledger",
    "[this.#record, this.#changed] = [record, changed];\n      throw error;",
    "",
    "controllers/recovery",
    "a socket that starts with flash that takes nothing gives no power, and begins once it can write",
  ),
];
