// Compiles our C for a chip as far as its headers are at hand: a RISC-V compiler, the SDK's headers
// and ESP-IDF's, with every warning an error. Folders and macros are those of the image's own
// makefile and no others: what compiles here finds its headers in the build. What ESP-IDF's build
// would generate (sdkconfig.h) has a short stand-in.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Sdk } from "./sdk";
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

/** What our settings for sdkconfig define in C. */
export function settingsDefines(sdkconfig: string): string {
  const settings = new Map(
    [...sdkconfig.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  return [...settings]
    .filter(([, value]) => value !== "n")
    .map(([name, value]) => `#undef ${name}\n#define ${name} ${value === "y" ? "1" : value}\n`)
    .join("");
}

/**
 * Configuration that ESP-IDF's headers ask for, beside our own; the values matter to no warning.
 */
function sdkconfigHeader(target: Target, idf: string): string {
  const mbedtls = existsSync(join(idf, "components/mbedtls/mbedtls/include"));
  return `#define CONFIG_IDF_TARGET "${target.name}"
#define CONFIG_IDF_TARGET_${target.name.toUpperCase()} 1
#define CONFIG_IDF_TARGET_ARCH_RISCV 1
#define CONFIG_ESP_SYSTEM_SINGLE_CORE_MODE 1
#define CONFIG_SOC_RTC_FAST_MEM_SUPPORTED 1
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
#define CONFIG_BOOTLOADER_LOG_LEVEL 0
#define CONFIG_LOG_MAXIMUM_LEVEL 0
#define CONFIG_LOG_DEFAULT_LEVEL 0
#define CONFIG_ESP_CONSOLE_UART 1
#define CONFIG_ESP_CONSOLE_UART_NUM 0
#define CONFIG_ETH_USE_OPENETH 1
#define CONFIG_ESP_WIFI_SOFTAP_SUPPORT 1
#define CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM 10
#define CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM 32
#define CONFIG_ESP_WIFI_DYNAMIC_RX_MGMT_BUF 0
#define CONFIG_ESP_WIFI_TX_BUFFER_TYPE 1
#define CONFIG_ESP_WIFI_DYNAMIC_TX_BUFFER_NUM 32
#define CONFIG_ESP_WIFI_ESPNOW_MAX_ENCRYPT_NUM 7
#define CONFIG_LWIP_DHCP_COARSE_TIMER_SECS 1
#define CONFIG_LWIP_IPV4 1
#define CONFIG_LWIP_MAX_SOCKETS 21
#define CONFIG_LWIP_SO_LINGER 1
#define CONFIG_LWIP_TCP_OVERSIZE_MSS 1
#define ${mbedtls ? "CONFIG_ESP_TLS_USING_MBEDTLS" : "CONFIG_ESP_TLS_CUSTOM_STACK"} 1
`;
}

/**
 * What the image's makefile compiles C with, as its compiler gets it: macros, folders, switches.
 */
export function buildFlags(sdk: Sdk, makefile: string): string[] {
  const rule = 'plugpay-flags: ; @printf "%s\\n" $(C_DEFINES) $(C_INCLUDES) $(C_FLAGS)';
  const run = spawnSync("make", ["-s", "-f", makefile, "IDF_VERSION=none", `--eval=${rule}`, "plugpay-flags"], {
    env: sdk.env,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (run.status !== 0) throw new Error(`${makefile} does not tell its flags: ${run.stderr.trim()}`);
  return run.stdout.split("\n").filter((flag) => flag !== "");
}

/**
 * What is the build's compiler's and not this one's: its instruction set, and what it writes beside
 * the object.
 */
const LEFT_OUT = /^(-c|-MMD|-MP|-nostdlib|-Wl,.*|-march=.*|-Wno-.*)$/;

/** The build's flags for this compiler. Headers of others may warn; ours may not. */
export function checkFlags(flags: readonly string[], foreign: readonly string[]): string[] {
  return flags
    .filter((flag) => !LEFT_OUT.test(flag))
    .flatMap((flag) => {
      const folder = flag.startsWith("-I") ? flag.slice("-I".length) : undefined;
      return folder !== undefined && foreign.some((root) => folder.startsWith(root)) ? ["-isystem", folder] : [flag];
    });
}

export interface NativeCheck {
  readonly sources: readonly string[];
  readonly target: Target;
  readonly sdk: Sdk;
  readonly idf: string;
  /** Of an image for `target`. */
  readonly makefile: string;
  /** Where the linker put mc.xs.h, for whichever chip. */
  readonly generated: string;
  /** What manifests/sdkconfig sets. */
  readonly settings: string;
}

/** What the compiler says about each source, by file name; empty where it says nothing. */
export function compileNative(check: NativeCheck): Map<string, string> {
  const { sources, target, sdk, idf, makefile, generated, settings } = check;
  const folder = join(generated, "native-check");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "sdkconfig.h"), sdkconfigHeader(target, idf) + settingsDefines(settings));
  const flags = [
    ...["--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32", "-I", folder],
    ...checkFlags(buildFlags(sdk, makefile), [sdk.path, idf]),
    ...["-idirafter", generated, "-fsyntax-only", "-Wall", "-Wextra", "-Werror"],
  ];
  return new Map(
    sources.map((source) => {
      const run = spawnSync(COMPILER, [...flags, source], { encoding: "utf8" });
      return [basename(source), run.status === 0 ? "" : run.stderr.trim()] as const;
    }),
  );
}

/**
 * Names that our sdkconfig sets and ESP-IDF's Kconfig files do not know: they would be ignored
 * without a word.
 */
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
