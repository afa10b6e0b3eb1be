// A cable's page: where to send it coins, what it spent, and what it may spend.

import { deviceTable } from "../shared/settings/owner";
import { Card, CopyButton, Fact, Facts } from "./parts";
import type { CableStatus, Limits } from "./shapes";
import { modulesOf, pathOf, QUIET, uriOf } from "./uri";
import { formatEnergy, formatSatoshi } from "./words";

export function Address({ address }: { readonly address: string | undefined }) {
  return (
    <Card title="Address">
      {address === undefined ? (
        <p>It has no key yet: give it one over the serial port.</p>
      ) : (
        <>
          <p>Coins that are sent here are what it pays with.</p>
          <QrCode text={uriOf(address)} label={`QR code of the address ${address}`} />
          <p>
            <code id="address" class="address">
              {address}
            </code>
          </p>
          <CopyButton text={address} from="address" />
        </>
      )}
    </Card>
  );
}

function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const modules = modulesOf(text);
  const size = modules.length + 2 * QUIET;
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges" role="img" aria-label={label}>
      <rect width={size} height={size} fill="#fff" />
      <path d={pathOf(modules)} fill="#000" />
    </svg>
  );
}

export function Spent({ status, limits }: { readonly status: CableStatus; readonly limits: Limits | undefined }) {
  const { spent, session, unansweredSat = 0 } = status;
  if (!spent) return null;
  const daily = limits?.limits.maxDaily;
  return (
    <Card title="Spent">
      <Facts>
        <Fact name="Today" note={typeof daily === "number" ? `of at most ${formatSatoshi(daily)}` : undefined}>
          {formatSatoshi(spent.todaySat)}
        </Fact>
        <Fact name="In all" note={`of it fees ${formatSatoshi(spent.feesSat)}`}>
          {formatSatoshi(spent.totalSat)}
        </Fact>
        {session && (
          <Fact name="This session" note={`at ${session.priceSatPerKwh} sat/kWh`}>
            {formatSatoshi(session.paidSat)}
          </Fact>
        )}
        {unansweredSat > 0 && <Fact name="Not acknowledged">{formatSatoshi(unansweredSat)}</Fact>}
      </Facts>
      <p class="note">Today: the last 24 hours of being plugged in, since a cable has no calendar.</p>
    </Card>
  );
}

export function Claims({ status }: { readonly status: CableStatus }) {
  const { claims, stop, reason, stuck = [] } = status;
  if (!claims) return null;
  return (
    <Card title="Claims and stops">
      <Facts>
        <Fact name="Sockets owe it" note={claims.sat > 0 ? `${formatEnergy(claims.energyMwh)}` : undefined}>
          {formatSatoshi(claims.sat)}
        </Fact>
        <Fact name="Stopped">{stop ? stop.replace(/-/g, " ") : "no"}</Fact>
      </Facts>
      {stop && <p class="todo">{reason}</p>}
      {(claims.sat > 0 || stop) && stuck.length > 0 && <p class="note">What to do is under "What is stuck".</p>}
    </Card>
  );
}

export function LimitList({ limits }: { readonly limits: Limits | undefined }) {
  if (!limits) return null;
  const { entries } = deviceTable("cable");
  return (
    <Card title="Limits">
      <Facts>
        {Object.entries(limits.limits).map(([name, value]) => {
          const entry = entries.find((each) => each.name === name);
          return (
            <Fact key={name} name={name} note={entry?.meaning}>
              {String(value)} {entry?.unit}
            </Fact>
          );
        })}
      </Facts>
    </Card>
  );
}
