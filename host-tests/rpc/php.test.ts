// A stock client that reads until the connection ends: PHP's streams, against the server on a real
// loopback port.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { calls } from "./samples";
import { withServer } from "./tcp";

const hasPhp = spawnSync("php", ["-r", "exit(0);"]).status === 0;
const skip = hasPhp ? false : "php is not installed (Debian package php-cli)";

interface Answer {
  readonly status: string;
  readonly body: string;
}

/**
 * Posts `body` as PHP does it, in each version of HTTP; PHP gives up without an answer after
 * `timeout`.
 */
async function php(port: number, { type = "text/xml", body }: { type?: string; body: string }): Promise<Answer[]> {
  const script = `
    $answers = [];
    foreach ([1.0, 1.1] as $version) {
      $http = ['method' => 'POST', 'header' => 'Content-Type: ${type}', 'content' => $argv[1], 'timeout' => 10,
        'ignore_errors' => true, 'protocol_version' => $version];
      $body = file_get_contents('http://127.0.0.1:${port}/RPC2', false, stream_context_create(['http' => $http]));
      $answers[] = ['status' => $http_response_header[0], 'body' => $body];
    }
    echo json_encode($answers);`;
  const { stdout } = await promisify(execFile)("php", ["-r", script, body], { timeout: 60_000 });
  return JSON.parse(stdout) as Answer[];
}

const STATUS_CALL = "<methodCall><methodName>get_status</methodName></methodCall>";

test("PHP's streams get the status whole, whatever encoding PHP writes and whichever HTTP it speaks", {
  skip,
}, async () => {
  await withServer(calls(), async (port) => {
    const answers = await php(port, { body: `<?xml version="1.0" encoding="iso-8859-1"?>${STATUS_CALL}` });
    for (const { status, body } of answers) {
      assert.match(status, / 200 OK$/);
      assert.match(body, /^<\?xml .*<name>state<\/name><value><string>paid<.*<\/methodResponse>$/s);
    }
    assert.equal(answers.length, 2);
  });
});

test("PHP's streams get the reason of a refusal", { skip }, async () => {
  await withServer(calls(), async (port) => {
    const refused = await php(port, { type: "application/x-www-form-urlencoded", body: STATUS_CALL });
    for (const { status, body } of refused) {
      assert.match(status, / 415 /);
      assert.match(body, /^expected Content-Type text\/xml/);
    }
  });
});
