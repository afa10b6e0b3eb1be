// Compiles our C for a chip as far as its headers are at hand: a RISC-V compiler, the SDK's headers and ESP-IDF's, with
// every warning an error. What ESP-IDF's build would generate (sdkconfig.h) has a short stand-in here.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Target } from "./targets";

const COMPILER = "riscv64-unknown-elf-gcc";

/** What to install, or why it cannot be; undefined when our C can be compiled for `target`. */
export function nativeMissing(target: Target, idf: string | undefined): string | undefined {
  if (target.architecture !== "riscv") return `${target.name} needs ESP-IDF's own Xtensa compiler`;
  if (spawnSync(COMPILER, ["--version"], { stdio: "ignore" }).error) {
    return "no RISC-V compiler (Debian packages: gcc-riscv64-unknown-elf, picolibc-riscv64-unknown-elf)";
  }
  if (!idf || !existsSync(join(idf, "components/esp_common/include"))) return "no ESP-IDF headers ($IDF_PATH)";
  return undefined;
}

/** Configuration that ESP-IDF's headers ask for; the values matter to no warning. */
function sdkconfigHeader(target: Target, idf: string): string {
  const mbedtls = existsSync(join(idf, "components/mbedtls/mbedtls/include"));
  return `#define CONFIG_IDF_TARGET "${target.name}"
#define CONFIG_IDF_TARGET_${target.name.toUpperCase()} 1
#define CONFIG_IDF_TARGET_ARCH_RISCV 1
#define CONFIG_ESP_SYSTEM_SINGLE_CORE_MODE 1
#define CONFIG_FREERTOS_HZ 1000
#define CONFIG_FREERTOS_UNICORE 1
#define CONFIG_FREERTOS_NUMBER_OF_CORES 1
#define CONFIG_FREERTOS_MAX_TASK_NAME_LEN 16
#define CONFIG_FREERTOS_IDLE_TASK_STACKSIZE 1024
#define CONFIG_FREERTOS_ISR_STACKSIZE 2100
#define CONFIG_FREERTOS_TIMER_TASK_PRIORITY 1
#define CONFIG_FREERTOS_TIMER_QUEUE_LENGTH 10
#define CONFIG_FREERTOS_TIMER_TASK_STACK_DEPTH 2048
#define CONFIG_FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES 1
#define CONFIG_FREERTOS_QUEUE_REGISTRY_SIZE 0
#define CONFIG_FREERTOS_THREAD_LOCAL_STORAGE_POINTERS 1
#define CONFIG_LOG_MAXIMUM_LEVEL 0
#define CONFIG_LOG_DEFAULT_LEVEL 0
#define ${mbedtls ? "CONFIG_ESP_TLS_USING_MBEDTLS" : "CONFIG_ESP_TLS_CUSTOM_STACK"} 1
`;
}

/** Folders of ESP-IDF's headers for `target`, those that exist. */
function headerFolders(target: Target, idf: string): string[] {
  const chip = target.name;
  const components = join(idf, "components");
  const each = readdirSync(components).flatMap((name) => [
    `${name}/include`,
    `${name}/${chip}/include`,
    `${name}/${chip}`,
    `${name}/platform_include`,
    `${name}/port/include`,
  ]);
  const more = [
    `soc/${chip}/register`,
    `esp_rom/${chip}/include/${chip}`,
    "hal/platform_port/include",
    "esp_hw_support/etm/include",
    "freertos/FreeRTOS-Kernel/include",
    "freertos/config/include",
    "freertos/config/include/freertos",
    "freertos/config/riscv/include",
    "freertos/FreeRTOS-Kernel/portable/riscv/include",
    "freertos/FreeRTOS-Kernel/portable/riscv/include/freertos",
    "freertos/esp_additions/include",
    "esp-tls",
    "esp-tls/esp-tls-crypto",
    "lwip/lwip/src/include",
    "lwip/port/freertos/include",
    "lwip/port/esp32xx/include",
    "mbedtls/mbedtls/include",
  ];
  return [...each, ...more].map((folder) => join(components, folder)).filter((folder) => existsSync(folder));
}

export interface NativeCheck {
  readonly sources: readonly string[];
  readonly target: Target;
  readonly sdk: string;
  readonly idf: string;
  /** Where the linker put mc.xs.h and mcconfig mc.defines.h. */
  readonly generated: string;
}

/** What the compiler says about each source, by file name; empty where it says nothing. */
export function compileNative({ sources, target, sdk, idf, generated }: NativeCheck): Map<string, string> {
  const folder = join(generated, "native-check");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "sdkconfig.h"), sdkconfigHeader(target, idf));
  const xs = ["includes", "sources", "platforms/esp", "platforms/mc"].map((name) => join(sdk, "xs", name));
  const modules = ["base/timer", "io/common", "base/instrumentation"].map((name) => join(sdk, "modules", name));
  const system = [...xs, ...modules, ...headerFolders(target, idf)].flatMap((path) => ["-isystem", path]);
  const flags = [
    "--specs=picolibc.specs",
    "-march=rv32imac",
    "-mabi=ilp32",
    "-fsyntax-only",
    "-Wall",
    "-Wextra",
    "-Werror",
  ];
  return new Map(
    sources.map((source) => {
      const run = spawnSync(
        COMPILER,
        [
          ...flags,
          `-DESP32=${target.number}`,
          "-include",
          "sdkconfig.h",
          "-I",
          folder,
          "-I",
          generated,
          ...system,
          source,
        ],
        { encoding: "utf8" },
      );
      return [basename(source), run.status === 0 ? "" : run.stderr.trim()] as const;
    }),
  );
}

/** Names that our sdkconfig sets and ESP-IDF's Kconfig files do not know: they would be ignored without a word. */
export function unknownSettings(sdkconfig: string, idf: string): string[] {
  const known = new Set<string>();
  for (const file of kconfigs(idf)) {
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/^\s*(?:menu)?config\s+(\w+)/gm)) known.add(name);
  }
  // The top-level Kconfig has the compiler's own; a copy of the components alone lacks it.
  const complete = existsSync(join(idf, "Kconfig"));
  return [...sdkconfig.matchAll(/^CONFIG_(\w+)=/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => !known.has(name) && (complete || !name.startsWith("COMPILER_")));
}

function kconfigs(folder: string, depth = 5): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 && entry.name !== "test_apps" ? kconfigs(path, depth - 1) : [];
    return entry.name.startsWith("Kconfig") ? [path] : [];
  });
}
