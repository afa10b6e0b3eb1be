// Guards of an update: whose image it is, whether it fits, and when the next start takes it.

import type { Mutation } from "./mutation";

function mutation(name: string, file: string, from: string, to: string, test: string, proves?: string): Mutation {
  return { name, file: `shared/update/${file}.ts`, from, to, tests: [`host-tests/update/${test}.test.ts`], proves };
}

export const UPDATE: readonly Mutation[] = [
  mutation(
    "update-signature",
    "manifest",
    "if (!ecdsa.verify(hexToBytes(signature), manifestDigest(manifest), hexToBytes(publicKey)))",
    "if (false)",
    "updater",
    "of another owner, of a changed text, or without a signature is refused",
  ),
  mutation("update-key", "updater", "if (key === undefined) throw", "if (false) throw", "updater"),
  mutation(
    "update-hash",
    "updater",
    "if (found !== sha256)",
    "if (false)",
    "updater",
    "hashes what lies in flash, and not what came",
  ),
  mutation("update-whole", "updater", "if (this.taken !== size)", "if (false)", "updater"),
  mutation("update-gap", "updater", "if (offset > taken)", "if (false)", "updater"),
  mutation("update-too-much", "updater", "if (taken + fresh.length > size)", "if (false)", "updater"),
  mutation("update-alone", "updater", "if (this.isBusy) throw", "if (false) throw", "updater"),
  mutation(
    "update-twice",
    "updater",
    "const open = isMeant ? [] : doubts(",
    "const open = true ? [] : doubts(",
    "updater",
  ),
  mutation("update-chip", "fits", "if (chip !== here.chip)", "if (false)", "updater"),
  mutation("update-room", "fits", "if (size < 1 || size > room)", "if (false)", "updater"),
  mutation("update-one-slot", "fits", "if (room === 0)", "if (false)", "updater"),
  mutation(
    "update-journals",
    "fits",
    "each.from <= to && to <= each.to",
    "each.from <= to",
    "journals",
    "is refused beforehand where it would not read what this device keeps",
  ),
  mutation("update-older", "fits", "compareVersions(version, here.version) < 0", "false", "updater"),
  mutation("update-settled", "updater", "await settle();", "", "updater"),
  mutation(
    "update-trial-waits",
    "trial",
    "if (why === undefined) return;",
    "return;",
    "trial",
    "waits for a chain that is away as long as it takes, and tells so",
  ),
  mutation(
    "update-trial-ends",
    "trial",
    "if (most !== undefined && clock.now() - since >= most) throw",
    "if (false) throw",
    "trial",
  ),
  mutation(
    "update-trial-writes",
    "held-store",
    "this.#changes.set(key, value.slice());",
    "this.kept.write(key, value);",
    "journals",
    "that goes back before it was confirmed leaves every record as the older one wrote it",
  ),
  {
    name: "update-older-record",
    file: "shared/journal/journal.ts",
    from: "older && found < version ? older.upgrade(record, found) : record",
    to: "record",
    tests: ["host-tests/update/journals.test.ts"],
  },
  {
    name: "update-newer-record",
    file: "shared/journal/readable.ts",
    from: "if (found < from || found > version)",
    to: "if (found < from)",
    tests: ["host-tests/update/journals.test.ts"],
    proves:
      "that met a newer record all the same would not confirm itself: it says which, and the next start goes back",
  },
  {
    name: "update-downgrade-by-link",
    file: "shared/owner/update.ts",
    from: 'if (way !== "serial")',
    to: "if (false)",
    tests: ["host-tests/owner/update.test.ts"],
    proves: "of an older version is said twice over the serial port only: in the middle of a link somebody could",
  },
  {
    name: "update-runs-alone",
    file: "shared/owner/update.ts",
    from: 'if (isBusy && !method.startsWith("update.") && !DURING_UPDATE.includes(method))',
    to: "if (false)",
    tests: ["host-tests/owner/update.test.ts"],
  },
  {
    name: "update-trial-changes-nothing",
    file: "shared/owner/update.ts",
    from: 'if (ports?.slots.state === "trial" && !ON_TRIAL.includes(method))',
    to: "if (false)",
    tests: ["host-tests/owner/update.test.ts"],
    proves: "lets its owner see, and change nothing",
  },
];
