// docs/sdk-settings.md: what images set otherwise than the SDK's defaults, and why.
// `tsx tools/docs/sdkconfig.ts` writes it anew; a test compares it with manifests/, and with the
// SDK where one is installed.
//
// A setting's reason is the comment above its group in manifests/sdkconfig/*.defaults. What the SDK
// has is read from $MODDABLE; without it the page's own column stays as it was.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wrapped } from "./wrap";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(ROOT, "manifests/sdkconfig");
export const SETTINGS_PAGE = join(ROOT, "docs/sdk-settings.md");
/** The SDK's project of each chip. */
const CHIPS = ["esp32", "esp32s3", "esp32c3", "esp32c6"] as const;
/** Neither the SDK nor this page knows; ESP-IDF's own default holds. */
const UNSET = "-";

/** File of manifests/sdkconfig to the images that it is for. */
export const FILES: Readonly<Record<string, string>> = {
  boot: "all images",
  console: "all images",
  safety: "all images",
  gate: "all images",
  network: "all images",
  "flash-4mb": "4 MB of flash",
  "flash-8mb": "8 MB of flash",
  ethernet: "Ethernet",
  direct: "a direct link",
  qemu: "the emulator",
  encrypted: "`encrypted`",
};

interface Setting {
  readonly name: string;
  readonly value: string;
}

interface Group {
  readonly why: string;
  readonly settings: readonly Setting[];
}

/** The groups of one file; throws where a setting has no comment above its group. */
export function groupsIn(text: string): Group[] {
  const groups: { why: string; settings: Setting[] }[] = [];
  let open = false;
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const comment = /^# ?(.*)$/.exec(line)?.[1];
    const setting = /^CONFIG_(\w+)=(.*)$/.exec(line);
    const last = groups.at(-1);
    if (comment !== undefined) {
      if (last && open) last.why += ` ${comment}`;
      else groups.push({ why: comment, settings: [] });
      open = true;
    } else if (setting && last) {
      last.settings.push({ name: setting[1] ?? "", value: setting[2] ?? "" });
      open = false;
    } else throw new Error(`expected a comment that gives the reason, or a setting below one, came: ${line}`);
  }
  return groups;
}

// ---------------------------------------------------------------- what the SDK has

/**
 * A setting of the SDK's release build, by chip where they differ; undefined where it sets none.
 */
type SdkValues = (name: string) => string | undefined;

/** Values in the SDK at `path`; what is in its `.release` holds. */
export function sdkValues(path: string): SdkValues {
  const chips = CHIPS.map((chip) => {
    const file = join(path, `build/devices/esp32/xsProj-${chip}/sdkconfig.defaults`);
    const values = new Map<string, string>();
    for (const text of [file, `${file}.release`].map((each) => readFileSync(each, "utf8")))
      for (const [, unset, name = unset, value = "n"] of text.matchAll(
        /^(?:# CONFIG_(\w+) is not set|CONFIG_(\w+)=(.*))$/gm,
      ))
        values.set(name ?? "", value === "" ? "n" : value);
    return { chip, values };
  });
  return (name) => {
    const each = chips.map(({ chip, values }) => ({ chip, value: values.get(name) ?? UNSET }));
    const distinct = [...new Set(each.map(({ value }) => value))];
    if (distinct.length === 1) return distinct[0];
    return each
      .filter(({ value }) => value !== UNSET)
      .map(({ chip, value }) => `${value} (${chip})`)
      .join(", ");
  };
}

/** The same, as the page has it. */
export function pageValues(page: string): SdkValues {
  const known = new Map([...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name, value]) => [name, value]));
  return (name) => known.get(name);
}

// ---------------------------------------------------------------- the page

const HEAD = `# What images set otherwise than the SDK

For a person who changes a setting, or moves to another SDK. The first table is made from \`manifests/sdkconfig/*.defaults\`, whose comments
are the reasons, by \`npx tsx tools/docs/sdkconfig.ts\`. "SDK" is the Moddable SDK's release build for a chip
(\`build/devices/esp32/xsProj-*/sdkconfig.defaults\`): where its chips differ each is named; "${UNSET}" where it says nothing, and ESP-IDF's own
default holds. A build stops where ESP-IDF made something else of it than stands under "here" ([building.md](building.md)).

| setting (\`CONFIG_\`) | SDK | here | why |
|---|---|---|---|
`;

/** The page's text. `sdk`: what the SDK has. */
export function settingsPage(sdk: SdkValues): string {
  const rows = Object.entries(FILES).flatMap(([file, where]) => [
    `| **${where}** (\`${file}\`) | | | |`,
    ...groupsIn(readFileSync(join(FOLDER, `${file}.defaults`), "utf8")).flatMap(({ why, settings }) =>
      settings.map(
        ({ name, value }, at) => `| \`${name}\` | ${sdk(name) ?? UNSET} | ${value} | ${at === 0 ? why : "the same"} |`,
      ),
    ),
  ]);
  return wrapped(`${HEAD}${rows.join("\n")}\n${others()}`);
}

interface Engine {
  readonly creation: {
    readonly chunk: { readonly initial: number; readonly incremental: number };
    readonly heap: { readonly initial: number; readonly incremental: number };
    readonly stack: number;
    readonly nativeStack: number;
    readonly static: number;
  };
}

function fragment<T>(name: string): T {
  return JSON.parse(readFileSync(join(ROOT, `manifests/${name}.json`), "utf8")) as T;
}

/**
 * What is set in manifests' JSON, where no comment can stand. The SDK's values: its examples' base
 * manifest, xsHost.c.
 */
function others(): string {
  const { creation } = fragment<Engine>("engine");
  const { defines } = fragment<{ defines: { task: { queueLength: number }; xs: { abortHook: number } } }>("chip");
  const rows = [
    [
      "`task.queueLength` (`chip`)",
      "10",
      defines.task.queueLength,
      "messages that wait for JavaScript. The SDK's own timers and watches post without looking, and wait for ever where it is full; ours are one message for all that happened, and never wait",
    ],
    [
      "`xs.abortHook` (`chip`)",
      "-",
      defines.xs.abortHook,
      "XS's end (memory or stack full, an exception that nobody caught) opens the relay and is told at the next start (`restart-esp32.c`)",
    ],
    [
      "`creation.heap.initial`, slots of 16 bytes (`engine`)",
      "2048",
      creation.heap.initial,
      "what a socket needs under the worst neighbours ([performance.md](performance.md))",
    ],
    ["`creation.chunk.initial`, bytes", "32768", creation.chunk.initial, "the same"],
    [
      "`incremental` of both",
      "grows",
      creation.heap.incremental + creation.chunk.incremental,
      "XS's memory is taken once: what the network and TLS have is theirs, and a full heap shows at once and not after weeks",
    ],
    ["`creation.static`, bytes", "131072", creation.static, "the two above stand for it"],
    ["`creation.stack`, slots", "512", creation.stack, "the socket overflows 512"],
    [
      "`creation.nativeStack`, bytes of JavaScript's task",
      "10240",
      creation.nativeStack,
      "an emulated cable overflowed 10 KB after its 25th increment, and restarted",
    ],
  ];
  return `
In \`manifests/*.json\` ("SDK": \`examples/manifest_base.json\` for the ESP32, \`xs/platforms/esp/xsHost.c\`):

| setting | SDK | here | why |
|---|---|---|---|
${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}

Serial ports: UART0 is the console's, at ESP-IDF's pins for each chip, and the calibrator's; UART1 belongs to a metering chip
(\`gate-serial-esp32.c\`). The SDK's debugger would take UART0 and is in no image, as all are release builds. Pins that flash, USB, the
console, the Ethernet PHY or a strapping resistor has are reserved in \`manifests/pins.json\`; a test refuses a signal on one
([hardware.md](hardware.md#pins)).
`;
}

/** What the SDK has, from it where it is installed. */
export function knownValues(): SdkValues {
  const path = process.env.MODDABLE;
  if (path !== undefined && existsSync(join(path, "build/devices/esp32/xsProj-esp32"))) return sdkValues(path);
  return pageValues(existsSync(SETTINGS_PAGE) ? readFileSync(SETTINGS_PAGE, "utf8") : "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(SETTINGS_PAGE, settingsPage(knownValues()));
