// npm run page: builds the owner's page (docs/owner.md) and says how large it is.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { buildPage, MOST_BYTES } from "./page/build";

const OUT = join(import.meta.dirname, "../build/page");

const { html, gzipped } = await buildPage();
mkdirSync(OUT, { recursive: true });
writeFileSync(join(OUT, "page.html"), html);
writeFileSync(join(OUT, "page.html.gz"), gzipped);
console.log(
  `build/page/page.html.gz: ${gzipped.length} bytes of at most ${MOST_BYTES} (${gzipSync(html).length} by default, ${html.length} unpacked)`,
);
