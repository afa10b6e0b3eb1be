// docs/faults.md from the catalogue (shared/protocol/faults.ts): `tsx tools/docs/faults.ts` writes
// it anew. A test compares the two, so the page is never older than the code.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FAULTS, type FaultName } from "../../shared/protocol/faults";
import { wrapped } from "./wrap";

export const FAULTS_PAGE = new URL("../../docs/faults.md", import.meta.url);

const GROUPS: readonly { readonly title: string; readonly has: (code: number) => boolean }[] = [
  { title: "The request itself", has: (code) => code < 0 },
  { title: "The socket and the session", has: (code) => code >= 100 && code < 200 },
  { title: "The transaction", has: (code) => code >= 200 && code < 300 },
  { title: "The chain", has: (code) => code >= 300 },
];

const HEAD = `# Faults

Every refusal is an XML-RPC fault. \`faultCode\` is stable. \`faultString\` is the name, a colon, the sentence and then the
facts (what was expected, what came), in printable ASCII of at most 400 characters. Where it helps to wait, the HTTP
answer carries \`Retry-After\` in seconds. A refused request never touches power that is paid for.

Negative codes are those of the "Specification for Fault Code Interoperability" (2001). Requests that are not HTTP as
RFC 9112 has it, are not for \`POST /RPC2\`, are over the size limit or take too long are answered with an HTTP status
(400, 404, 405, 408, 411, 413, 415, 417, 429, 431, 503) and one line of text instead.

This page is generated from \`shared/protocol/faults.ts\` by \`npx tsx tools/docs/faults.ts\`.
`;

/** The page's text. */
export function faultsPage(): string {
  const names = Object.keys(FAULTS) as FaultName[];
  const tables = GROUPS.map(({ title, has }) => {
    const rows = names.filter((name) => has(FAULTS[name][0])).map((name) => row(name));
    return `\n## ${title}\n\n| code | name | meaning |\n|---:|---|---|\n${rows.join("\n")}\n`;
  });
  return wrapped(HEAD + tables.join(""));
}

function row(name: FaultName): string {
  const [code, sentence] = FAULTS[name];
  return `| ${code} | \`${name}\` | ${sentence} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FAULTS_PAGE, faultsPage());
