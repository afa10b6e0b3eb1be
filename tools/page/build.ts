// The owner's page as one file: script and style in it, nothing loaded from elsewhere, and a policy
// that says so. It is made twice: for a device to serve, and for a device on USB.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync, constants as zlib } from "node:zlib";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
/** What the gzipped page may take of a device's flash. */
export const MOST_BYTES = 60_000;

/** Who serves it: a device, of which it asks over HTTP, or npm run page, for a device on USB. */
export type PageKind = "device" | "usb";

const ENTRIES: Readonly<Record<PageKind, string>> = { device: "page/main.tsx", usb: "page/usb.tsx" };

export interface Page {
  readonly html: string;
  readonly gzipped: Uint8Array;
  /** The value of Content-Security-Policy: this very script and style, and its own device. */
  readonly policy: string;
}

const made = new Map<PageKind, Promise<Page>>();

/** Built once a process. */
export function buildPage(kind: PageKind = "device"): Promise<Page> {
  const page = made.get(kind) ?? makePage(kind);
  made.set(kind, page);
  return page;
}

/** The fields of an answer that is the page. */
export function headersOf({ gzipped, policy }: Page): Readonly<Record<string, string>> {
  return {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Encoding": "gzip",
    "Content-Security-Policy": policy,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Content-Length": `${gzipped.length}`,
  };
}

/** What a device answers to GET /, as it lies in its flash: head and body, ready to be sent. */
export function answerOf(page: Page): Uint8Array {
  const fields = Object.entries(headersOf(page)).map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([Buffer.from(["HTTP/1.1 200 OK", ...fields, "", ""].join("\r\n"), "latin1"), page.gzipped]);
}

async function makePage(kind: PageKind): Promise<Page> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, ENTRIES[kind])],
    outdir: "page",
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: ["es2022", "chrome110", "firefox115", "safari16"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfig: join(ROOT, "tsconfig.page.json"),
    plugins: [withoutSideEffects],
  });
  const text = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? "";
  // A script's text ends at the first end tag.
  const script = text(".js").replace(/<\/(script)/gi, "<\\/$1");
  const style = text(".css");
  const html = htmlOf(script, style);
  const level = { level: zlib.Z_BEST_COMPRESSION, memLevel: 9 };
  return { html, gzipped: gzipSync(html, level), policy: policyOf(script, style, kind) };
}

/** Our own modules do nothing when they are loaded, so what nobody uses of them is left out. */
const withoutSideEffects: Plugin = {
  name: "without-side-effects",
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, async ({ path, ...options }) => {
      if (options.pluginData === true || path.endsWith(".css")) return undefined;
      const found = await build.resolve(path, { ...options, pluginData: true });
      return found.path.includes("node_modules") ? found : { ...found, sideEffects: false };
    });
  },
};

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M9 0 2 9h5l-1 7 8-10H9z' fill='%23f7931a'/%3E%3C/svg%3E";

function htmlOf(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>plugpay</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<noscript>This page works with JavaScript only.</noscript>
<script>${script}</script>
</body>
</html>
`;
}

/** A page for a device on USB asks nobody over the network. */
function policyOf(script: string, style: string, kind: PageKind): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "img-src data:",
    `connect-src '${kind === "device" ? "self" : "none"}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
