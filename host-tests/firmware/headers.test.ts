// Headers of the SDK that an image's C includes and that no fragment of manifests/ brings.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { imageConfig } from "../../tools/firmware/config";
import { deviceImage } from "../../tools/firmware/device";
import {
  definesIn,
  includeFolders,
  missingHeaders,
  moduleSources,
  platformSources,
} from "../../tools/firmware/headers";
import { configure, holdBuilds } from "../../tools/firmware/image";
import { findSdk, sdkMissing } from "../../tools/firmware/sdk";
import { TARGETS } from "../../tools/firmware/targets";

const sdk = mkdtempSync(join(tmpdir(), "plugpay-headers-"));
after(() => rmSync(sdk, { recursive: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(join(sdk, path)), { recursive: true });
  writeFileSync(join(sdk, path), text);
  return join(sdk, path);
}

const platform = write(
  "xs/platforms/esp/xsPlatform.c",
  '#include "lwip/tcp.h"\n#include "modLwipSafe.h"\n  #  include "modTimer.h"\n#include <stdio.h>\n',
);
write("xs/platforms/esp/xsHost.h", "");
write("modules/network/socket/lwip/modLwipSafe.h", "");
write("modules/base/timer/modTimer.h", "");
const timer = write("modules/base/timer/mc/timer.c", '#include "beside.h"\n#include "modTimer.h"\n');
write("modules/base/timer/mc/beside.h", "");

const complaints = (...folders: string[]): string[] =>
  missingHeaders({
    sdk,
    files: [...platformSources(sdk), timer],
    folders: folders.map((folder) => join(sdk, folder)),
    defines: new Set(),
  });

test("a header of the SDK that its own platform includes, and whose folder no fragment brings, is named with the folder", () => {
  assert.deepEqual(complaints("modules/base/timer"), [
    `${platform} includes modLwipSafe.h, which no fragment brings: it lies in the SDK's modules/network/socket/lwip`,
  ]);
});

test("an image whose folders have all of them is let pass; ESP-IDF's headers are not looked for", () => {
  assert.deepEqual(complaints("modules/base/timer", "modules/network/socket/lwip"), []);
});

test("a header that the SDK wants for another sort of hardware than the manifest's is not missing", () => {
  write("modules/pins/spi/modSPI.h", "");
  const file = write(
    "modules/io/ethernet/ethernet.c",
    '#ifdef __riscv\n#ifndef MODDEF_ETHERNET_INTERNAL_PHY_ADDRESS\n#include "modSPI.h"\n#else\n#include <stdio.h>\n#endif\n#endif\n' +
      '#include "modTimer.h"\n',
  );
  const header = (...defines: string[]): string[] =>
    missingHeaders({ sdk, files: [file], folders: [], defines: new Set(defines) }).map(
      (line) => line.split(" ")[2] ?? "",
    );
  assert.deepEqual(header(), ["modSPI.h,", "modTimer.h,"]);
  assert.deepEqual(header("MODDEF_ETHERNET_INTERNAL_PHY_ADDRESS"), ["modTimer.h,"]);
  assert.deepEqual([...definesIn("#define MODDEF_A (1)\n#define MODDEF_B\n//#define C\n")], ["MODDEF_A", "MODDEF_B"]);
});

test("what is compiled, and where headers are looked for, is read from the makefile and its flags", () => {
  const makefile =
    "$(TMP_DIR)/timer.c.o: /sdk/timer.c $(HEADERS) | $(TMP_DIR)/mc.xs.c\n\t@echo\n$(LIB_DIR)/xs%.c.o: xs%.c\n";
  assert.deepEqual(moduleSources(makefile), ["/sdk/timer.c"]);
  assert.deepEqual(includeFolders(["-DA=1", "-I/sdk/a", "-isystem/sdk/b", "-c"]), ["/sdk/a", "/sdk/b"]);
});

const missing = sdkMissing();

test("the SDK's and our C find each header of the SDK in both devices' images", {
  skip: missing ?? false,
}, async () => {
  await holdBuilds();
  const target = TARGETS.esp32c6;
  for (const device of ["cable", "socket"] as const)
    configure(findSdk(), await deviceImage(device, target, imageConfig({}, device, target, false)));
});
