// A socket's page: what it earns, at what price, and what waits for a block.

import { useState } from "preact/hooks";
import { moneyOf, type Rate, rateOf } from "./money";
import { Card, Fact, Facts } from "./parts";
import type { SessionLine, SocketStatus } from "./shapes";
import { endOf, formatEnergy, formatSatoshi, shortId } from "./words";

export function Earned({ status, rate }: { readonly status: SocketStatus; readonly rate: Rate | undefined }) {
  const { earned, settlements, debts, exposureSat = 0, exposureLimitSat = 0 } = status;
  if (!earned) return null;
  const waiting = settlements ? settlements.held + settlements.sent : 0;
  return (
    <Card title="Earned">
      <Facts>
        <Fact name="Confirmed" note={moneyOf(earned.confirmedSat, rate)}>
          {formatSatoshi(earned.confirmedSat)}
        </Fact>
        <Fact name="Waits for a block" note={waitingWords(waiting, settlements?.mined ?? 0)}>
          {formatSatoshi(earned.unconfirmedSat)}
        </Fact>
        <Fact name="At risk" note={`of at most ${formatSatoshi(exposureLimitSat)}`}>
          {formatSatoshi(exposureSat)}
        </Fact>
        {earned.lostSat > 0 && <Fact name="Lost">{formatSatoshi(earned.lostSat)}</Fact>}
        {debts !== undefined && debts.sat > 0 && (
          <Fact name="Cables owe" note={`${debts.cables} cables`}>
            {formatSatoshi(debts.sat)}
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

function waitingWords(waiting: number, mined: number): string | undefined {
  const words = [
    ...(waiting > 0 ? [`${waiting} settlement${waiting === 1 ? "" : "s"} not in a block`] : []),
    ...(mined > 0 ? [`${mined} not deep enough`] : []),
  ];
  return words.length > 0 ? words.join(", ") : undefined;
}

export interface PriceProps {
  readonly status: SocketStatus;
  readonly typed: { readonly perBitcoin: string; readonly currency: string };
  readonly onRate: (typed: { readonly perBitcoin: string; readonly currency: string }) => void;
}

export function Price({ status, typed, onRate }: PriceProps) {
  const { priceSatPerKwh, session } = status;
  const rate = rateOf(typed.perBitcoin, typed.currency);
  const [touched, setTouched] = useState(false);
  const isWrong = touched && typed.perBitcoin.trim() !== "" && !rate;
  if (typeof priceSatPerKwh !== "number") return null;
  const isOther = session && session.priceSatPerKwh !== priceSatPerKwh;
  return (
    <Card title="Price">
      <p class="price">
        <span class="number">{priceSatPerKwh}</span> sat/kWh
      </p>
      {rate && <p class="money">{moneyOf(priceSatPerKwh, rate)} a kWh</p>}
      {isOther && (
        <p class="note" role="status">
          The session that runs keeps its price of {session.priceSatPerKwh} sat/kWh; the next one has the new price.
        </p>
      )}
      <div class="pair">
        <label>
          A bitcoin costs
          <input
            inputMode="decimal"
            autoComplete="off"
            value={typed.perBitcoin}
            aria-invalid={isWrong}
            aria-describedby="rate-note"
            onInput={(event) => onRate({ ...typed, perBitcoin: event.currentTarget.value })}
            onBlur={() => setTouched(true)}
          />
        </label>
        <label class="short">
          Currency
          <input
            autoComplete="off"
            maxLength={8}
            value={typed.currency}
            onInput={(event) => onRate({ ...typed, currency: event.currentTarget.value })}
          />
        </label>
      </div>
      <p class={isWrong ? "error" : "note"} id="rate-note">
        {isWrong ? "Expected a number above 0, such as 95000." : "This page asks nobody for a rate; it keeps yours."}
      </p>
    </Card>
  );
}

export function Sessions({ sessions }: { readonly sessions: readonly SessionLine[] }) {
  return (
    <Card title="Sessions" wide>
      {sessions.length === 0 ? (
        <p>No session yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with a keyboard
        <section class="scroll" aria-label="Table of sessions" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Session</th>
                <th scope="col">Paid</th>
                <th scope="col">Energy</th>
                <th scope="col">Price</th>
                <th scope="col">Confirmed</th>
                <th scope="col">End</th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((line) => (
                <tr key={line.session}>
                  <th scope="row">
                    <code title={line.session}>{shortId(line.session)}</code>
                  </th>
                  <td>{formatSatoshi(line.paidSat)}</td>
                  <td>{line.energyMwh === null ? "unknown" : formatEnergy(line.energyMwh)}</td>
                  <td>{line.priceSatPerKwh} sat/kWh</td>
                  <td>
                    {formatSatoshi(line.confirmedSat)}
                    {line.lostSat > 0 && `, lost ${formatSatoshi(line.lostSat)}`}
                  </td>
                  <td>{endOf(line)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Card>
  );
}
