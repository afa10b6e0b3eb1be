// The tables of docs/owner.md, from the code: `tsx tools/docs/owner.ts` writes them anew between
// their marks. A test compares.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serialOnly } from "../../shared/owner/access";
import { RPC_CODES } from "../../shared/owner/json-rpc";
import { METHODS, type MethodEntry } from "../../shared/owner/methods";
import { wrapped } from "./wrap";

const PAGE = new URL("../../docs/owner.md", import.meta.url);

/** The page with its tables as the code has them now. */
export function ownerPage(page: string): string {
  return [
    ["methods", methods()],
    ["errors", errors()],
    ["serial", wrapped(serial())],
  ].reduce((text, [name, table]) => between(text, name as string, table as string), page);
}

function between(page: string, name: string, table: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const start = page.indexOf(from);
  const end = page.indexOf(to);
  if (start < 0 || end < start) throw new Error(`expected ${from} and ${to} in docs/owner.md`);
  return `${page.slice(0, start + from.length)}\n${table}\n${page.slice(end)}`;
}

function methods(): string {
  const rows = METHODS.map((method: MethodEntry) => {
    const { name, meaning, params, only } = method;
    const given = params.map((each) => `\`${each.name}\`: ${each.meaning}`).join("<br>");
    const way = serialOnly().methods.includes(name) ? "serial" : "both";
    return `| \`${name}\`${only ? `, ${only} only` : ""} | ${given || "none"} | ${way} | ${meaning} |`;
  });
  return ["| method | parameters | over | what it does |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function errors(): string {
  const rows = Object.values(RPC_CODES).map(([code, message]) => `| ${code} | ${message} |`);
  return ["| code | message |", "| --- | --- |", ...rows].join("\n");
}

function serial(): string {
  return `${serialOnly()
    .settings.map((name) => `\`${name}\``)
    .join(", ")}; and all of a cable's.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, ownerPage(readFileSync(PAGE, "utf8")));
