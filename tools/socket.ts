// npm run socket: the smart socket alone, at the clock's speed, for anybody's cable or XML-RPC
// client.

import { FUND, runAlone } from "../lab/sim/alone";
import { findWorker } from "../lab/sim/engine-xs";
import { socketHelp } from "../lab/sim/help";
import { keysOf } from "../lab/sim/keys";
import { ENGINES, oneOf, readOptions, runCommand, wholeNumber } from "../lab/sim/options";
import { brokerOption, factoryNewIn, ownerOptions } from "../lab/sim/owner-options";
import { settingOptions, settingsIn } from "../lab/sim/setting-options";
import { CHANNEL, SCHEMES } from "../shared/protocol/words";

const OPTIONS = {
  port: "value",
  scheme: "value",
  engine: "value",
  seed: "value",
  watts: "value",
  "owner-port": "value",
  "owner-password": "value",
  "owner-serial": "value",
  "metrics-token": "value",
  mqtt: "value",
  json: "flag",
  paper: "flag",
  "factory-new": "flag",
  ...settingOptions("socket"),
} as const;
const PORT = 8420;

await runCommand(socketHelp, async () => {
  const given = readOptions(process.argv.slice(2), OPTIONS);
  const engine = oneOf("engine", given.get("engine"), ENGINES);
  if (engine === "xs") findWorker();
  const seed = wholeNumber("seed", given.get("seed"), 1, 0, 2 ** 31 - 1);
  const json = given.has("json");
  const factoryNew = factoryNewIn(given);
  const scheme = oneOf("scheme", given.get("scheme"), [...SCHEMES, CHANNEL]);
  await runAlone(
    {
      device: "socket",
      about: "A socket alone",
      coins: factoryNew ? [] : [FUND],
      scheme: scheme === CHANNEL ? "single-fee" : scheme,
      engine,
      seed,
      port: wholeNumber("port", given.get("port"), PORT, 0, 65_535),
      watts: wholeNumber("watts", given.get("watts"), 1300, 0, 3680),
      json,
      paper: given.has("paper"),
      ownerSerial: given.get("owner-serial"),
      factoryNew,
      owners: ownerOptions("socket", given),
      broker: brokerOption(given),
      settings: {
        ...settingsIn("socket", given),
        ...(scheme === CHANNEL && { schemes: [CHANNEL, ...SCHEMES] }),
      },
    },
    ({ port, server }) => {
      if (json) return JSON.stringify({ name: "listening", port, esplora: server.url });
      return factoryNew
        ? setUp(port, server.url, given.get("owner-serial") ?? "")
        : help(port, server.url, keysOf(seed, "cable").address);
    },
  );
});

function setUp(port: number, esplora: string, serial: string): string {
  return `A factory-new socket is at its serial port, ${serial}; its chain (regtest) answers at ${esplora}.

Set it up: npm run owner -- --port ${serial} set network regtest esplora ${esplora} payoutAddress ADDRESS
           npm run owner -- --port ${serial} restart
           (or by a browser: npm run page)
A cable:   npm run cable -- --factory-new --socket 127.0.0.1:${port} --owner-serial PATH
Fund it:   type "fund ADDRESS" here, with the address that the cable shows, once it has a network.
End:       Ctrl-C
`;
}

function help(port: number, esplora: string, cable: string): string {
  return `A smart socket listens on 127.0.0.1:${port}; its chain (regtest) answers at ${esplora}.

Ask it:    python3 -c "import xmlrpc.client as x; print(x.ServerProxy('http://127.0.0.1:${port}/RPC2').get_status())"
Pay it:    npm run cable -- --socket 127.0.0.1:${port}
           (that cable's address, ${cable}, has ${FUND} sat)
Your own:  type "help", "status", "fund ADDRESS [SATOSHI]", "mine [BLOCKS]", "plug in" or "plug out"; a block comes about once a minute.
End:       Ctrl-C
`;
}
