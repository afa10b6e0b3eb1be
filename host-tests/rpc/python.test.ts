// A stock client of another language, Python's xmlrpc.client, against the server on a real loopback
// port.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { tcpDialer, tcpListener } from "../../lab/platform/tcp";
import { wallClock } from "../../lab/platform/wall-clock";
import { HttpClient } from "../../shared/net/http-client";
import { Fault } from "../../shared/protocol/faults";
import { RpcClient } from "../../shared/rpc/client";
import { calls, OFFER, STATUS } from "./samples";
import { withServer } from "./tcp";

const hasPython = spawnSync("python3", ["-c", "import xmlrpc.client"]).status === 0;
const skip = hasPython ? false : "python3 is not installed (Debian package python3)";

async function python(port: number, script: string): Promise<unknown> {
  const lines = [
    "import json, xmlrpc.client as x",
    `url = 'http://127.0.0.1:${port}/RPC2'`,
    "socket = x.ServerProxy(url)",
    "def fault(call):",
    "  try: call()",
    "  except x.Fault as e: return [e.faultCode, e.faultString]",
    "  except x.ProtocolError as e: return e.errcode",
    script,
  ];
  const { stdout } = await promisify(execFile)("python3", ["-c", lines.join("\n")], { timeout: 30_000 });
  return JSON.parse(stdout);
}

test("Python's client reads the status, without and with a parameter", { skip }, async () => {
  await withServer(calls(), async (port) => {
    const read = await python(port, "print(json.dumps([socket.get_status(), socket.get_status({'wait_ms': 1})]))");
    const expected = {
      version: 1,
      schemes: ["single-fee", "basic"],
      state: "paid",
      used_mwh: "12345",
      remaining_mwh: "27655",
      standby_remaining_mwh: "100",
      price_msat_per_wh: 250_000,
      increment_sat: "10000",
      session_max_sat: "100000",
      renewal_due: false,
      lockout_ms: 0,
    };
    assert.deepEqual(read, [expected, expected]);
  });
});

test("Python's client opens a session and pays", { skip }, async () => {
  const seen: unknown[] = [];
  const given = calls({
    powerRequest: async (request) => {
      seen.push(request);
      return OFFER;
    },
    payTransaction: async (request) => {
      seen.push(request);
      return { state: "paid", credited: 40_000, remaining: 40_000, txid: "ab".repeat(32) };
    },
  });
  await withServer(given, async (port) => {
    const script = [
      "offer = socket.power_request({'address': 'bcrt1qxyz', 'scheme': 'single-fee'})",
      "paid = socket.pay_transaction({'session': offer['session'], 'increment': offer['increment'], 'transaction': offer['transaction']})",
      "print(json.dumps([offer['inputs'], offer['fee_sat'], paid]))",
    ];
    const [inputs, fee, paid] = (await python(port, script.join("\n"))) as [unknown, unknown, unknown];
    assert.deepEqual(inputs, [{ txid: "ab".repeat(32), vout: 1, amount_sat: "5000000000" }]);
    assert.equal(fee, "141");
    assert.deepEqual(paid, { state: "paid", credited_mwh: "40000", remaining_mwh: "40000", txid: "ab".repeat(32) });
    const { session, increment, transaction } = OFFER;
    assert.deepEqual(seen, [
      { address: "bcrt1qxyz", scheme: "single-fee" },
      { session, increment, transaction },
    ]);
  });
});

test("Python's client sees methods, faults and HTTP refusals as such", { skip }, async () => {
  const getStatus = async () => {
    throw new Fault("locked-out", "5 s left.");
  };
  await withServer(calls({ getStatus }), async (port) => {
    const script = [
      "print(json.dumps([socket.system.listMethods(), socket.system.methodSignature('get_status'),",
      "  fault(lambda: socket.get_status())[0], fault(lambda: socket.nope())[0],",
      "  fault(lambda: socket.get_status({'wait_ms': 1.5})), fault(lambda: socket.get_status(1, 2))[0],",
      "  fault(lambda: x.ServerProxy(url + '/x').get_status()), fault(lambda: socket.get_status('x' * 9000))]))",
    ];
    const [methods, signature, ...faults] = (await python(port, script.join("\n"))) as unknown[];
    assert.deepEqual((methods as string[]).slice(0, 3), ["get_status", "power_request", "pay_transaction"]);
    assert.deepEqual(signature, [["struct"], ["struct", "struct"]]);
    const [own, unknown, type, count, path, size] = faults;
    assert.deepEqual([own, unknown, count, path, size], [100, -32601, -32602, 404, 413]);
    assert.match(String(type), /^-32602,invalid-parameters: .*wait_ms: expected a whole number/);
  });
});

test("our own client and server talk over real TCP, and a server that is gone is told as such", async () => {
  const http = new HttpClient({ dialer: tcpDialer, clock: wallClock });
  let gone: RpcClient | undefined;
  await withServer(calls(), async (port) => {
    const client = new RpcClient({ http, host: "127.0.0.1", port });
    gone = client;
    assert.deepEqual(await client.getStatus(), STATUS);
    assert.deepEqual(await client.powerRequest({ address: "bcrt1q", scheme: "basic" }), OFFER);
  });
  await assert.rejects((gone as RpcClient).getStatus(), { name: "RpcError", kind: "link" });
  http.close();
});

test("a port in use is told with what to do", async () => {
  await withServer(calls(), async (port) => {
    const second = tcpListener();
    second.listen(
      port,
      () => {},
      () => true,
    );
    await assert.rejects(second.ready(), {
      message: new RegExp(`127.0.0.1:${port}: the port is in use; choose another`),
    });
  });
});
