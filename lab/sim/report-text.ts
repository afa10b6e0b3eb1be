// The summary of a run, for people.

import { formatDuration, formatSatoshi } from "../../shared/kernel/units";
import type { Summary } from "./account";
import { pathText } from "./path";

/** `steps`: with what the time from plug to power went to. */
export function summaryText(summary: Summary, steps = false): string {
  const { settlements, basic, channel, trials, cuts } = summary;
  const way = steps ? ["", "From plug to power: at, for how long (ms), who", ...pathText(summary.plugToPower)] : [];
  const lines = [
    ...way,
    "",
    `Scenario ${summary.scenario}, scheme ${summary.scheme}, engine ${summary.engine}, seed ${summary.seed}`,
    row("plug to power", summary.plugToPowerMs === null ? "no power" : formatDuration(summary.plugToPowerMs)),
    row("energy", `${summary.energyWh.toFixed(2)} Wh flowed, ${balance(summary)}`),
    row("paid", `${formatSatoshi(summary.paidSat)} in ${count(summary.increments, "increment")}`),
    row(
      "transactions",
      `${settlements.length}, ${summary.vbytes} vB, ${formatSatoshi(summary.feeSat)} of fees${share(summary.feeSat, summary.paidSat)}`,
    ),
    row(
      "basic protocol",
      `${basic.transactions}, ${basic.vbytes} vB, ${formatSatoshi(basic.feeSat)} of fees${share(basic.feeSat, summary.paidSat)}`,
    ),
    row(
      "by channel",
      `${channel.transactions}, ${channel.vbytes} vB, ${formatSatoshi(channel.feeSat)} of fees${share(channel.feeSat, summary.paidSat)}, ${formatSatoshi(channel.lockedSat)} locked; for all visits of its life`,
    ),
    ...settlements.map(({ txid, height }) => row(height === null ? "waits for a block" : `block ${height}`, txid)),
    ...(summary.faults.length > 0 ? [row("held up by", summary.faults.join(", "))] : []),
    ...(summary.crashes > 0 ? [row("crashes", String(summary.crashes))] : []),
    ...(trials ?? []).map(({ tried, met, refused }) => row(refused ? "refused" : "NOT REFUSED", `${tried}: ${met}`)),
    ...(cuts ?? []).map(({ device, write, mode, delivered }) =>
      row(delivered ? "survived" : "NOT SURVIVED", `${device} cut at write ${write} (${mode})`),
    ),
  ];
  return lines.join("\n");
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(18)}${text}`;
}

function balance({ creditWh, unpaidWh }: Summary): string {
  return unpaidWh > 0 ? `${unpaidWh.toFixed(2)} Wh of it unpaid` : `${creditWh.toFixed(2)} Wh of credit left`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function share(fee: number, paid: number): string {
  return paid > 0 ? ` (${((100 * fee) / paid).toFixed(2)} % of what was paid)` : "";
}
