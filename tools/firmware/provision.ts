// Writes an owner's key into a cable, over its serial port:
//
//   npx tsx tools/firmware/provision.ts --config FILE --port PORT --erase [--mainnet]
//
// The key comes from the configuration (`key`, hexadecimal or WIF) and goes into NVS, nowhere else;
// it is never printed, and the files that hold it on the way are readable by their owner only and
// removed. docs/keys.md says more.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addressOf, scriptOfKey } from "../../shared/bitcoin/address";
import { ecdsa } from "../../shared/bitcoin/ecdsa";
import { type BuildConfig, buildConfig, readConfig } from "./config";
import { ROOT } from "./image";
import { nvsCsv, parseKey, partitionIn } from "./key";
import { TARGETS, UsageError } from "./targets";

function main(): void {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      port: { type: "string" },
      mainnet: { type: "boolean" },
      erase: { type: "boolean" },
    },
  });
  // Any target will do: what is read here is the same for all.
  const config = buildConfig(
    { ...readConfig(values.config), link: undefined },
    "cable",
    TARGETS.esp32,
    values.mainnet === true,
  );
  if (config.key === undefined)
    throw new UsageError("--config FILE: expected `key`, the owner's secret in hexadecimal or WIF");
  const key = parseKey(config.key, config.network);
  console.log(
    `The key's address on ${config.network}: ${addressOf(scriptOfKey(ecdsa.publicKey(key)), config.network)}`,
  );
  if (values.port === undefined) {
    console.log("Nothing was written: say --port PORT and --erase to write it into a device.");
    return;
  }
  if (values.erase !== true) {
    throw new UsageError(
      "writing a key replaces all that the device remembers, its journal too: say --erase if it is new or has settled",
    );
  }
  write(key, config, values.port);
  console.log("Written.");
}

function write(key: Uint8Array, config: BuildConfig, port: string): void {
  const idf = process.env.IDF_PATH;
  const generator = join(idf ?? "", "components/nvs_flash/nvs_partition_generator/nvs_partition_gen.py");
  if (!idf || !existsSync(generator)) {
    throw new UsageError("ESP-IDF is missing ($IDF_PATH). Install it: npx xs-dev setup --device esp32");
  }
  const table = readFileSync(join(ROOT, "manifests/partitions", `${config.flash.toLowerCase()}.csv`), "utf8");
  const nvs = partitionIn(table, "nvs");
  // Only its owner can look into a folder that mkdtemp makes.
  const folder = mkdtempSync(join(tmpdir(), "plugpay-"));
  try {
    const [csv, image] = ["nvs.csv", "nvs.bin", "keys.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(csv, nvsCsv(key), { mode: 0o600 });
    if (config.encrypted) {
      python([generator, "encrypt", csv, image, nvs.size, "--keygen", "--keyfile", "keys.bin", "--outdir", folder]);
      // The generator puts keys into a folder of their own.
      const made = join(folder, "keys", "keys.bin");
      python([
        "-m",
        "esptool",
        "--port",
        port,
        "write_flash",
        nvs.offset,
        image,
        partitionIn(table, "nvs_keys").offset,
        made,
      ]);
    } else {
      python([generator, "generate", csv, image, nvs.size]);
      python(["-m", "esptool", "--port", port, "write_flash", nvs.offset, image]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function python(args: readonly string[]): void {
  const run = spawnSync("python3", args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (run.error) throw new UsageError("python3 is missing (ESP-IDF's tools need it)");
  if (run.status !== 0) throw new UsageError(`${args.slice(0, 2).join(" ")} failed: ${run.stderr.trim()}`);
}

try {
  main();
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}
