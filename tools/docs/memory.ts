// The table of native heap in docs/performance.md: `tsx tools/docs/memory.ts` writes it anew; a
// test compares it with tools/firmware/memory.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AT_TIMES, leftKb, type Needs, PARTS, type Part, RESERVE_KB, SERVING_KB } from "../firmware/memory";
import { TARGETS, type TargetName } from "../firmware/targets";

export const MEMORY_PAGE = new URL("../../docs/performance.md", import.meta.url);
const BEGIN = "<!-- made by tools/docs/memory.ts -->";
const END = "<!-- until here -->";

const COMBINATIONS: readonly (readonly [string, Omit<Needs, "target">])[] = [
  ["on a wire, HTTP", { wifi: false, accessPoint: false, secureServers: 0 }],
  ["Wi-Fi, HTTP", { wifi: true, accessPoint: false, secureServers: 0 }],
  ["Wi-Fi, TLS", { wifi: true, accessPoint: false, secureServers: 1 }],
  ["Wi-Fi, access point, TLS", { wifi: true, accessPoint: true, secureServers: 1 }],
  ["Wi-Fi, access point, TLS, MQTT", { wifi: true, accessPoint: true, secureServers: 1, mqtt: true }],
  ["Wi-Fi, access point, TLS to two servers", { wifi: true, accessPoint: true, secureServers: 2 }],
  ["Wi-Fi, access point, TLS to three servers", { wifi: true, accessPoint: true, secureServers: 3 }],
];

function row({ what, takesKb, sockets, how, from }: Part): string {
  return `| ${what} | ${takesKb} | ${sockets} | ${how}: ${from} |`;
}

function left(needs: Needs): string {
  const kb = leftKb(needs);
  return kb < RESERVE_KB ? `${kb}, refused` : `${kb}`;
}

export function memoryTable(): string {
  const targets = Object.keys(TARGETS) as TargetName[];
  return `${BEGIN}
| what takes native heap | KB | sockets | how it is known |
|---|---|---|---|
| a socket serves, on a wire: ${SERVING_KB} KB are left, in a largest block of 104 KB | | 2 | measured: 118,488 bytes |
${Object.values<Part>(PARTS).map(row).join("\n")}
| **at times** | | | |
${AT_TIMES.map(row).join("\n")}

What that leaves while it is paid, in KB, before a flood:

| | ${targets.join(" | ")} |
|---|${targets.map(() => "---|").join("")}
${COMBINATIONS.map(([name, needs]) => `| ${name} | ${targets.map((target) => left({ target, ...needs })).join(" | ")} |`).join("\n")}
${END}`;
}

/** The page with the table of now. */
export function withTable(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md: expected ${BEGIN} and ${END}`);
  return page.slice(0, from) + memoryTable() + page.slice(to + END.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(MEMORY_PAGE, withTable(readFileSync(MEMORY_PAGE, "utf8")));
