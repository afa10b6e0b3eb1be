// npm run page: the owner's page for a device on USB, on localhost; and the page that a device
// serves, built and measured (docs/owner.md).

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Command, type Given, run, UsageError } from "./command";
import { buildPage, MOST_BYTES } from "./page/build";
import { servePage } from "./page/serve";

const OUT = join(import.meta.dirname, "../build/page");
const PORT = 8430;

const COMMAND: Command<"port" | "build"> = {
  name: "npm run page",
  about: "serves the owner's page for a device on USB, on localhost, until Ctrl-C",
  options: {
    port: { takes: "N", about: `where it listens on 127.0.0.1 (default ${PORT}; 0: any)` },
    build: { about: "no serving: builds the page that a device serves, and says how large it is" },
  },
  more: "docs/owner.md says what it shows. The page wants a browser with Web Serial: Chromium, Chrome, Edge.\n`npm start -- --page` opens the pages of both simulated devices.",
};

await run(COMMAND, async (given) => {
  if (given.has("build")) await build();
  else await serve(given);
});

async function build(): Promise<void> {
  const { html, gzipped } = await buildPage();
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "page.html"), html);
  writeFileSync(join(OUT, "page.html.gz"), gzipped);
  const others = `${gzipSync(html).length} by default, ${html.length} unpacked`;
  console.log(`build/page/page.html.gz: ${gzipped.length} bytes of at most ${MOST_BYTES} (${others})`);
}

async function serve(given: Given<"port" | "build">): Promise<void> {
  const port = given.whole("port", PORT);
  const served = await servePage(port).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--port: port ${port} does not open (${error.code}): choose another.`);
  });
  console.log(
    `The owner's page for a device on USB: ${served.url}   (open it in Chromium, Chrome or Edge; Ctrl-C ends)`,
  );
  await new Promise((resolve) => process.once("SIGINT", resolve));
  served.close();
}
