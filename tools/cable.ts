// npm run cable: the smart cable alone, at the clock's speed, at anybody's socket.

import { runAlone } from "../lab/sim/alone";
import { findWorker } from "../lab/sim/engine-xs";
import { cableHelp } from "../lab/sim/help";
import { keysOf } from "../lab/sim/keys";
import { ENGINES, oneOf, readOptions, runCommand, UsageError, wholeNumber } from "../lab/sim/options";
import { brokerOption, factoryNewIn, ownerOptions } from "../lab/sim/owner-options";
import { settingOptions, settingsIn } from "../lab/sim/setting-options";
import { CHANNEL, SCHEMES } from "../shared/protocol/words";

const OPTIONS = {
  socket: "value",
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
  ...settingOptions("cable"),
} as const;

await runCommand(cableHelp, async () => {
  const given = readOptions(process.argv.slice(2), OPTIONS);
  const engine = oneOf("engine", given.get("engine"), ENGINES);
  if (engine === "xs") findWorker();
  const seed = wholeNumber("seed", given.get("seed"), 1, 0, 2 ** 31 - 1);
  const socketAt = hostAndPort(given.get("socket"));
  const json = given.has("json");
  const factoryNew = factoryNewIn(given);
  const scheme = oneOf("scheme", given.get("scheme"), [...SCHEMES, CHANNEL]);
  await runAlone(
    {
      device: "cable",
      about: "A cable alone",
      coins: [],
      scheme: scheme === CHANNEL ? "single-fee" : scheme,
      engine,
      seed,
      socketAt,
      watts: wholeNumber("watts", given.get("watts"), 1300, 0, 3680),
      json,
      paper: given.has("paper"),
      ownerSerial: given.get("owner-serial"),
      factoryNew,
      owners: ownerOptions("cable", given),
      broker: brokerOption(given),
      settings: {
        ...settingsIn("cable", given),
        ...(scheme === CHANNEL && { schemes: [CHANNEL, ...SCHEMES] }),
      },
    },
    () => {
      if (factoryNew)
        return json ? JSON.stringify({ name: "calling", ...socketAt }) : setUp(given.get("owner-serial") ?? "");
      const { address } = keysOf(seed, "cable");
      if (json) return JSON.stringify({ name: "calling", ...socketAt, address });
      return (
        `A smart cable calls ${socketAt.host}:${socketAt.port}. It pays from ${address} (regtest):\n` +
        'send coins there if the socket says that it has none. Type "help" for what it takes. End: Ctrl-C\n'
      );
    },
  );
});

function setUp(serial: string): string {
  return `A factory-new cable is at its serial port, ${serial}.

Set it up: npm run owner -- --port ${serial} set network regtest
           npm run owner -- --port ${serial} restart
           (or by a browser: npm run page)
Fund it:   npm run owner -- --port ${serial} address
           shows its address, as a QR code too. Send it coins: type "fund ADDRESS" where its socket runs.
End:       Ctrl-C
`;
}

function hostAndPort(text: string | undefined): { host: string; port: number } {
  const [, host, port] = /^([A-Za-z0-9.-]+):(\d{1,5})$/.exec(text ?? "") ?? [];
  if (!host || !port || Number(port) > 65_535)
    throw new UsageError(`--socket: expected HOST:PORT, such as 127.0.0.1:8420, got "${text ?? ""}".`);
  return { host, port: Number(port) };
}
