// npx tsx tools/bench/events.ts: what XS's meter shows for events of each kind that neither sign
// nor verify, over the scenario toaster on the XS engine. Node's engine has no meter, and charges
// these sums (EVENT_METER in lab/sim/engine-node.ts).

import type { Engine, Message } from "../../lab/sim/engine";
import { BYTE_METER, COMMAND_METER, EVENT_METER, RARE_METER } from "../../lab/sim/engine-node";
import { XsEngine } from "../../lab/sim/engine-xs";
import { runScenario } from "../../lab/sim/run";
import { loadScenario } from "../../lab/sim/scenario";

/** A signature or a verification alone is more. */
const CURVE = 300_000;

interface Seen {
  readonly kind: string;
  readonly meter: number;
  readonly commands: number;
  readonly bytes: number;
}

/** An XS engine that keeps count of what each event costs. */
class Counting implements Engine {
  readonly #inner: XsEngine;
  readonly #seen: Seen[];
  onCommand: Engine["onCommand"] = () => ({ head: null });
  #meter = 0;
  #commands = 0;

  constructor(name: string, seen: Seen[]) {
    this.#inner = new XsEngine(name);
    this.#seen = seen;
    this.#inner.onCommand = (command, meter) => {
      this.#meter += meter;
      this.#commands += 1;
      return this.onCommand(command, meter);
    };
  }

  load(bundle: string): Promise<void> {
    return this.#inner.load(bundle);
  }

  async deliver(event: Message): Promise<{ readonly meter: number }> {
    this.#meter = 0;
    this.#commands = 0;
    const last = await this.#inner.deliver(event);
    const { kind } = event.head as { readonly kind: string };
    const meter = this.#meter + last.meter;
    this.#seen.push({ kind, meter, commands: this.#commands, bytes: event.bytes?.length ?? 0 });
    return last;
  }

  kill(): void {
    this.#inner.kill();
  }
}

function mean(events: readonly Seen[], of: (event: Seen) => number): number {
  return events.length === 0 ? 0 : events.reduce((sum, event) => sum + of(event), 0) / events.length;
}

interface Slopes {
  readonly command: number;
  readonly byte: number;
}

/** What a command and a byte cost, by least squares over the differences within each kind. */
function slopesOf(kinds: ReadonlyMap<string, readonly Seen[]>): Slopes {
  let [cc, cb, bb, cm, bm] = [0, 0, 0, 0, 0];
  for (const events of kinds.values()) {
    const [commands, bytes, meter] = [
      ({ commands }: Seen) => commands,
      ({ bytes }: Seen) => bytes,
      ({ meter }: Seen) => meter,
    ].map((of) => mean(events, of)) as [number, number, number];
    for (const event of events) {
      const c = event.commands - commands;
      const b = event.bytes - bytes;
      const m = event.meter - meter;
      cc += c * c;
      cb += c * b;
      bb += b * b;
      cm += c * m;
      bm += b * m;
    }
  }
  const all = cc * bb - cb * cb;
  return { command: (cm * bb - bm * cb) / all, byte: (bm * cc - cm * cb) / all };
}

const seen: Seen[] = [];
const scenario = loadScenario("toaster");
await runScenario({
  scenario,
  scheme: "single-fee",
  engine: "xs",
  seed: 1,
  engineOf: (name) => new Counting(name, seen),
});
const kinds = new Map<string, Seen[]>();
for (const event of seen) if (event.meter < CURVE) kinds.set(event.kind, [...(kinds.get(event.kind) ?? []), event]);
const { command, byte } = slopesOf(kinds);
console.log(
  `a command ${command.toFixed(0)} (charged ${COMMAND_METER}), a byte ${byte.toFixed(0)} (charged ${BYTE_METER})`,
);
console.log("     kind    events     meter  commands     bytes     alone   charged   in all");
for (const [kind, events] of [...kinds].sort()) {
  const [meter, commands, bytes] = [
    mean(events, (each) => each.meter),
    mean(events, (each) => each.commands),
    mean(events, (each) => each.bytes),
  ];
  const own = EVENT_METER[kind] ?? RARE_METER;
  const cells = [
    events.length,
    meter,
    commands,
    bytes,
    meter - command * commands - byte * bytes,
    own,
    own + COMMAND_METER * commands + BYTE_METER * bytes,
  ];
  console.log([kind, ...cells.map((cell) => cell.toFixed(0))].map((cell) => cell.padStart(9)).join(" "));
}
console.log(
  `${seen.filter(({ meter }) => meter >= CURVE).length} events with a signature or a verification are not counted`,
);
