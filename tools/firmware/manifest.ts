// Generates what mcconfig is given for one image: which fragments of manifests/ it includes, its
// modules and preloads from the import graph, its configuration, sdkconfig and partitions.
// Generated files go to build/, never to manifests/.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { BuildConfig } from "./config";
import type { ModuleGraph } from "./modules";
import type { ImageName, Target } from "./targets";

/**
 * What tools/wallet makes of @noble and @scure: XS name to file, all of them preloaded, in this
 * order.
 */
export interface WalletModules {
  readonly modules: ReadonlyMap<string, string>;
  readonly preload: readonly string[];
}

export interface Manifest {
  readonly build?: Readonly<Record<string, string>>;
  readonly include: readonly string[];
  readonly creation?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly modules: Readonly<Record<string, string>>;
  readonly preload: readonly string[];
  /** Files that lie in flash as they are. */
  readonly data?: Readonly<Record<string, string>>;
}

/** What lies beside a manifest: path to text or bytes. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/**
 * Folder beside the manifest with the owner's page, and its name there
 * (firmware/native/page-esp32.ts).
 */
const PAGE_FOLDER = "page";
export const PAGE_FILE = `${PAGE_FOLDER}/page.http`;

/**
 * The image for a chip. Paths in `root` are written through $(PLUGPAY), so the manifest reads the
 * same everywhere.
 */
export function deviceManifest(
  root: string,
  image: ImageName,
  target: Target,
  config: BuildConfig,
  application: ModuleGraph,
  wallet: WalletModules,
): Manifest {
  return {
    build: {
      PLUGPAY: root,
      ESP32_SUBCLASS: target.name,
      SDKCONFIGPATH: "./sdkconfig",
      PARTITIONS_FILE: `$(PLUGPAY)/manifests/partitions/${config.flash.toLowerCase()}.csv`,
    },
    include: fragments(image, target, config).map((name) => `$(PLUGPAY)/manifests/${name}.json`),
    config: config.image,
    ...(image !== "calibrator" && { data: { "*": `./${PAGE_FOLDER}/*` } }),
    ...ownModules(root, application, wallet),
  };
}

/** The calibrator has no network: it speaks over its serial port. */
/** The files of manifests/ that make the image, without what those include. */
export function fragments(
  image: ImageName,
  target: Target,
  { link, uplink, direct, image: given }: BuildConfig,
): readonly string[] {
  const gate = target.pulseCounter ? [image, "pulse-counter"] : [image];
  if (image === "calibrator") return gate;
  // An image without a display has no I2C.
  gate.push(given.display === undefined ? "no-display" : "display");
  // A cable that visits sockets by radio has no network that a set-up module would join.
  if (image === "cable" && direct) return gate;
  return [...gate, `network-${link}`, ...(uplink ? ["network-wifi"] : [])];
}

/**
 * Our modules and the wallet's, all of them preloaded: the wallet first, as ours are built on it.
 */
export function ownModules(
  root: string,
  application: ModuleGraph,
  wallet: WalletModules,
): Pick<Manifest, "modules" | "preload"> {
  const modules: Record<string, string> = {};
  for (const [name, file] of [...wallet.modules, ...application.own]) {
    modules[name] = `$(PLUGPAY)/${relative(root, file)}`;
  }
  return { modules, preload: [...wallet.preload, ...application.own.keys()] };
}

/**
 * sdkconfig.defaults of one image: the parts of manifests/sdkconfig that apply, one after the
 * other.
 */
export function sdkconfig(root: string, config: BuildConfig): string {
  const parts = ["boot", "console", "safety", "gate", "network", `flash-${config.flash.toLowerCase()}`];
  if (config.link !== "wifi") parts.push(config.link);
  if (config.direct) parts.push("direct");
  if (config.encrypted) parts.push("encrypted");
  return parts.map((part) => readFileSync(join(root, "manifests/sdkconfig", `${part}.defaults`), "utf8")).join("\n");
}

/**
 * Writes the manifest and the files beside it to `folder`, whose name becomes the image's; gives
 * the manifest's path.
 */
export function writeManifest(folder: string, manifest: Manifest, files: Files = {}): string {
  const path = join(folder, "manifest.json");
  const all: Files = { ...files, "manifest.json": `${JSON.stringify(manifest, null, 2)}\n` };
  for (const [name, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeIfChanged(join(folder, name), Buffer.from(content));
  }
  return path;
}

/** What did not change keeps its date, so that make builds it once. */
function writeIfChanged(path: string, content: Buffer): void {
  if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content);
}
