// What a device knows of itself as metrics: names in base units, no address and no transaction as a
// label. As OpenMetrics text (OpenMetrics 1.0) for who asks for that, as Prometheus does; else in
// Prometheus' classic text format, which promtool reads.

import type { CableView } from "../cable/view";
import type { ChannelEntry } from "../channel/record";
import { constant } from "../kernel/constant";
import type { GateReading } from "../kernel/ports";
import { unpaid } from "../socket/exposure";
import type { SocketView } from "../socket/view";
import { sumsOf } from "./channels";
import type { Earned } from "./sessions";

export type MetricsFormat = "openmetrics" | "classic";

export const METRICS_TYPES: Readonly<Record<MetricsFormat, string>> = constant({
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  classic: "text/plain; version=0.0.4; charset=utf-8",
});

/** By a request's field Accept. */
export function formatFor(accept: string | undefined): MetricsFormat {
  return accept?.toLowerCase().includes("application/openmetrics-text") ? "openmetrics" : "classic";
}

export type MetricKind = "counter" | "gauge" | "info" | "stateset";

/** One sample of a family; its label's value where it has a label. */
export interface Sample {
  readonly value: number;
  readonly label?: readonly [name: string, value: string];
}

export interface Family {
  /** Without `plugpay_`, and of a counter without `_total`. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly help: string;
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

const JOULES_IN_MWH = 3.6;
const SOCKET_STATES = constant(["standby", "paid", "lockout"] as const);
const CABLE_STATES = constant(["connecting", "negotiating", "powered", "stopped"] as const);

/** The whole text. */
export function metricsText(families: readonly Family[], format: MetricsFormat): string {
  const end = format === "openmetrics" ? "# EOF\n" : "";
  return `${families.flatMap((family) => linesOf(family, format)).join("\n")}\n${end}`;
}

function linesOf({ name, kind, help, unit, samples }: Family, format: MetricsFormat): string[] {
  const isOpen = format === "openmetrics";
  const suffix = kind === "counter" ? "_total" : kind === "info" ? "_info" : "";
  const sample = `plugpay_${name}${suffix}`;
  // The classic format calls a family as its samples, and knows fewer kinds.
  const family = isOpen ? `plugpay_${name}` : sample;
  const type = isOpen || kind === "counter" ? kind : "gauge";
  const units = isOpen && unit ? [`# UNIT ${family} ${unit}`] : [];
  const head = [`# TYPE ${family} ${type}`, ...units, `# HELP ${family} ${help}`];
  return [...head, ...samples.map(({ value, label }) => `${sample}${labelOf(label)} ${value}`)];
}

function labelOf(label: Sample["label"]): string {
  if (!label) return "";
  const [name, value] = label;
  return `{${name}="${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"}`;
}

function gauge(name: string, help: string, value: number | undefined, unit?: string): readonly Family[] {
  return value === undefined ? [] : [{ name, kind: "gauge", help, samples: [{ value }], ...(unit ? { unit } : {}) }];
}

function counter(name: string, help: string, value: number, unit?: string): readonly Family[] {
  return [{ name, kind: "counter", help, samples: [{ value }], ...(unit ? { unit } : {}) }];
}

function stateset(name: string, help: string, states: readonly string[], now: string): readonly Family[] {
  const label = `plugpay_${name}`;
  return [
    {
      name,
      kind: "stateset",
      help,
      samples: states.map((each) => ({ value: each === now ? 1 : 0, label: [label, each] })),
    },
  ];
}

/** Of either device, whether it started or not. */
export function commonFamilies(facts: {
  readonly version: string;
  readonly uptimeMs: number;
  readonly calibrated: boolean;
  readonly running: boolean;
  readonly heap?: { readonly free: number; readonly largest: number; readonly least: number } | undefined;
}): readonly Family[] {
  const { heap } = facts;
  return [
    {
      name: "build",
      kind: "info",
      help: "Version of the firmware.",
      samples: [{ value: 1, label: ["version", facts.version] }],
    },
    ...gauge("uptime_seconds", "Since the start of this run.", facts.uptimeMs / 1000, "seconds"),
    ...gauge("up", "1 where the device runs, 0 where it did not start.", facts.running ? 1 : 0),
    ...gauge("calibrated", "1 where its meter is calibrated.", facts.calibrated ? 1 : 0),
    ...gauge("heap_free_bytes", "Memory beside the engine's own.", heap?.free, "bytes"),
    ...gauge("heap_largest_bytes", "The largest piece of it.", heap?.largest, "bytes"),
    ...gauge("heap_least_bytes", "As scarce as it was since the start.", heap?.least, "bytes"),
  ];
}

export function meterFamilies(reading: GateReading): readonly Family[] {
  const { total, power, current, voltage, voltageMeasured, powerFactor, frequency, closed, trip } = reading;
  return [
    ...counter("energy_joules", "Energy that ever flowed through.", rounded((total / 1000) * JOULES_IN_MWH), "joules"),
    ...gauge("power_watts", "Real power now.", power / 1000, "watts"),
    ...gauge("current_amperes", "RMS current now.", current / 1000, "amperes"),
    ...gauge("voltage_volts", "RMS voltage now.", voltageMeasured ? voltage / 1000 : undefined, "volts"),
    ...gauge("power_factor_ratio", "Power factor now.", powerFactor / 1000, "ratio"),
    ...gauge("frequency_hertz", "Of the mains.", frequency > 0 ? frequency / 1000 : undefined, "hertz"),
    ...gauge("relay_closed", "1 where the relay is closed.", closed ? 1 : 0),
    ...gauge("tripped", "1 where the power gate has tripped.", trip === undefined ? 0 : 1),
  ];
}

export function socketFamilies(view: SocketView, terms: { readonly price: number }, earned: Earned): readonly Family[] {
  const { record, credit, exposure, tip, tipAge } = view;
  const owed = record.debts.reduce((sum, { amount }) => sum + amount, 0);
  const sat = "satoshis";
  return [
    ...stateset("state", "Of the socket.", SOCKET_STATES, record.state),
    ...counter("confirmed_satoshis", "Earned, and buried in blocks.", earned.confirmed, sat),
    ...counter("lost_satoshis", "Delivered, and taken back by who paid.", earned.lost, sat),
    ...gauge("unconfirmed_satoshis", "Earned, and not buried yet.", unpaid(record) - owed, sat),
    ...gauge("exposure_satoshis", "Delivered, and not paid by any block.", exposure, sat),
    ...gauge("debt_satoshis", "What cables owe.", owed, sat),
    ...gauge("credit_joules", "Paid for and not yet delivered.", rounded(credit * JOULES_IN_MWH), "joules"),
    ...gauge(
      "price_satoshis_per_joule",
      "For new sessions; 3,600,000 joules are a kilowatt-hour.",
      terms.price / 3_600_000,
    ),
    ...gauge("settlements", "Not buried yet.", record.settlements.length),
    ...channelGauges(view.channels.entries),
    ...gauge("unclosed_satoshis", "Paid over channels that no block has closed.", view.channels.unclosed, sat),
    ...gauge("chain_tip_height", "Of the best block that it heard of.", tip),
    ...gauge(
      "chain_tip_age_seconds",
      "Since it heard of it.",
      tipAge === undefined ? undefined : tipAge / 1000,
      "seconds",
    ),
  ];
}

function channelGauges(entries: readonly ChannelEntry[]): readonly Family[] {
  const { open, closing, deposits } = sumsOf(entries);
  return [
    ...gauge("channels", "Not settled yet.", open + closing),
    ...gauge("deposit_satoshis", "Deposits of channels that are not settled yet.", deposits, "satoshis"),
  ];
}

export function cableFamilies({ record, state, remaining, outOfHand, stuck, channels }: CableView): readonly Family[] {
  const claims = record.claims.reduce((sum, { value }) => sum + value, 0);
  const sat = "satoshis";
  return [
    ...stateset("state", "Of the cable.", CABLE_STATES, state),
    ...counter("paid_satoshis", "Paid for energy, as sockets acknowledged it.", record.totalPaid, sat),
    ...gauge("fees_satoshis", "Fees of all that was handed over.", record.totalFees, sat),
    ...gauge("claim_satoshis", "Worth of what sockets still owe.", claims, sat),
    ...gauge("unanswered_satoshis", "Handed over, and never acknowledged.", outOfHand, sat),
    ...channelGauges(channels.entries),
    ...gauge("locked_satoshis", "Of deposits, neither paid nor back.", channels.locked, sat),
    ...gauge("stuck_payments", "Whose coins pay nobody else.", stuck.length),
    ...gauge("credit_joules", "Paid for and not yet received.", rounded(remaining * JOULES_IN_MWH), "joules"),
  ];
}

/** To a joule's thousandth: what floating point adds means nothing. */
function rounded(joules: number): number {
  return Math.round(joules * 1000) / 1000;
}
