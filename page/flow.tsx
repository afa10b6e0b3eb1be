// What flows now, and how the device does: on both pages.

import { PowerChart } from "./chart";
import { Badge, Card, Fact, Facts } from "./parts";
import type { Status } from "./shapes";
import type { Seen } from "./watch";
import { formatDuration, formatEnergy, powerOf, stateOf } from "./words";

export function Flow({ status, seen }: { readonly status: Status; readonly seen: Seen }) {
  const { meter } = status;
  const { word, tone } = stateOf(status);
  const [number, unit] = powerOf(meter?.powerW ?? 0);
  return (
    <Card title="Now" wide>
      <div class="now">
        <p class="power">
          <span class="number">{meter ? number : "–"}</span> {unit}
        </p>
        <div class="state" role="status">
          <Badge tone={tone}>{word}</Badge>
          <p>{sentence(status.reason)}</p>
        </div>
      </div>
      {meter && (
        <Facts>
          <Fact name="Voltage">{meter.voltageV === null ? "not measured" : `${meter.voltageV.toFixed(1)} V`}</Fact>
          <Fact name="Current">{meter.currentA.toFixed(2)} A</Fact>
          <Fact name="Power factor">{meter.powerFactor.toFixed(2)}</Fact>
          <Fact name="Frequency">
            {meter.frequencyHz === null ? "not measured" : `${meter.frequencyHz.toFixed(1)} Hz`}
          </Fact>
          <Fact name="Relay">{meter.relayClosed ? "closed" : "open"}</Fact>
        </Facts>
      )}
      <PowerChart history={seen.history} />
      <p class="note">The last ten minutes, as far as this page was open: the device keeps no curve.</p>
    </Card>
  );
}

export function Energy({ status }: { readonly status: Status }) {
  const { energy, uptimeMs } = status;
  if (!energy) return null;
  return (
    <Card title="Energy">
      <Facts>
        <Fact name="Since its start" note={`${formatDuration(uptimeMs)} ago`}>
          {formatEnergy(energy.sinceStartMwh)}
        </Fact>
        <Fact name="In total">{formatEnergy(energy.totalMwh)}</Fact>
        {status.creditMwh !== undefined && (
          <Fact name="Credit" note="paid for, not yet delivered">
            {formatEnergy(Math.max(0, status.creditMwh))}
          </Fact>
        )}
        {!status.calibrated && <Fact name="Meter">not calibrated</Fact>}
      </Facts>
    </Card>
  );
}

export function About({ status, seen }: { readonly status: Status; readonly seen: Seen }) {
  const { link, heap, version, network } = status;
  const lines = [...seen.events].reverse().slice(0, 12);
  return (
    <Card title="Device" wide>
      <Facts>
        <Fact name="Version">{version}</Fact>
        <Fact name="Network">{network ?? "none"}</Fact>
        {link && (
          <Fact name="Link" note={link.name}>
            {link.address ?? link.kind}
          </Fact>
        )}
        {heap && <Fact name="Free memory">{Math.round(heap.free / 1024)} KB</Fact>}
        {status.device === "socket" && <Chain chain={status.chain} />}
      </Facts>
      <details>
        <summary>What happened last</summary>
        <ol class="story">
          {lines.map((line) => (
            <li key={line.n}>
              <span class="at">{formatDuration(line.atMs)}</span> {storyOf(line)}
            </li>
          ))}
        </ol>
      </details>
    </Card>
  );
}

function Chain({ chain }: { readonly chain: Extract<Status, { device: "socket" }>["chain"] }) {
  if (!chain) return null;
  const height = typeof chain.tip === "object" ? chain.tip?.height : chain.tip;
  const age = chain.tipAgeMs === null ? undefined : `heard ${formatDuration(chain.tipAgeMs)} ago`;
  return (
    <Fact name="Chain" note={[...(chain.backends ?? []), ...(age ? [age] : [])].join(", ")}>
      {height === undefined || height === null ? "not heard yet" : `block ${height}`}
    </Fact>
  );
}

function storyOf({ n: _n, atMs: _at, name, times, ...facts }: Seen["events"][number]): string {
  const parts = Object.entries(facts)
    .filter(([, value]) => value !== "" && value !== null)
    .map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return `${name}${times ? ` (${times} times)` : ""}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
