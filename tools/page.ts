// npm run page: builds the owner's page (docs/owner.md) and says how large it is.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Command, run } from "./command";
import { buildPage, MOST_BYTES } from "./page/build";

const OUT = join(import.meta.dirname, "../build/page");

const COMMAND: Command<never> = {
  name: "npm run page",
  about: "builds the owner's page, which a device serves, and says how large it is",
  options: {},
  more: "docs/owner.md says what it shows. `npm start -- --page` opens it for both simulated devices.",
};

await run(COMMAND, async () => {
  const { html, gzipped } = await buildPage();
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "page.html"), html);
  writeFileSync(join(OUT, "page.html.gz"), gzipped);
  const others = `${gzipSync(html).length} by default, ${html.length} unpacked`;
  console.log(`build/page/page.html.gz: ${gzipped.length} bytes of at most ${MOST_BYTES} (${others})`);
});
