// An image for a chip: its generated manifest, and the steps that the SDK takes with it.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { answerOf, buildPage } from "../page/build";
import type { Warnings } from "./checks";
import type { BuildConfig } from "./config";
import { checkLinked, configure, type Image, ImageError, OUT, ROOT } from "./image";
import { deviceManifest, fragments, PAGE_FILE, sdkconfig } from "./manifest";
import { imageGraph } from "./modules";
import type { Sdk } from "./sdk";
import type { ImageName, Target } from "./targets";
import { walletOf } from "./wallet";

export async function deviceImage(device: ImageName, target: Target, config: BuildConfig): Promise<Image> {
  const application = await imageGraph(ROOT, `firmware/${device}/main.ts`, fragments(device, target, config));
  const wallet = await walletOf(device, join(OUT, `wallet-${device}`));
  return {
    folder: join(OUT, [device, target.name, ...nameOfLink(device, config)].join("-")),
    platform: "esp32",
    manifest: deviceManifest(ROOT, device, target, config, application, wallet),
    own: new Map([...wallet.modules, ...application.own]),
    files: {
      "sdkconfig/sdkconfig.defaults": sdkconfig(ROOT, config),
      ...(device !== "calibrator" && { [PAGE_FILE]: answerOf(await buildPage()) }),
    },
  };
}

function nameOfLink(device: ImageName, { link, direct }: BuildConfig): readonly string[] {
  return device === "calibrator" ? [] : [direct ? "direct" : link];
}

/**
 * Compiles and links all JavaScript of an image for a chip, with the SDK's own modules; needs no
 * ESP-IDF.
 */
export function linkOnly(sdk: Sdk, image: Image, target: Target): { generated: string; warnings: Warnings } {
  const makefile = configure(sdk, image);
  const generated = dirname(makefile);
  const header = join(generated, `xsProj-${target.name}/build/config/sdkconfig.h`);
  // ESP-IDF would make the header and tell its version; linking needs neither.
  const run = spawnSync("make", ["-f", makefile, "IDF_VERSION=none", "-o", header, join(generated, "mc.xs.c")], {
    env: sdk.env,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const output = `${run.stdout}\n${run.stderr}`;
  if (run.status !== 0 || !existsSync(join(generated, "mc.xs.c"))) {
    throw new ImageError(
      "the SDK's linker failed",
      output.split("\n").filter((line) => /^(?!# )(?!### warning).*(###|\*\*\*|rror)/.test(line)),
    );
  }
  return { generated, warnings: checkLinked(sdk, image, output) };
}
