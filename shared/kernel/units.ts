// Units: the one place that names, converts and prints quantities.
//
// Every quantity is an integer in a plain JavaScript number: exact up to 2^53, quick on a
// microcontroller, and free of the BigInt-in-flash trap (docs/sdk-defects.md). A name carries its
// unit.

declare const unit: unique symbol;
/**
 * A number that says its unit to the compiler, and nothing to the engine: a quantity of another
 * unit is refused in its place, a plain number is not. So what comes of arithmetic takes the unit
 * of where it goes.
 */
type Quantity<U extends string> = number & { readonly [unit]?: U };

/** 1e-8 bitcoin; at most 21e14. */
export type Satoshi = Quantity<"sat">;
/** 1/1000 satoshi; only prices and fee rates have it. */
export type MilliSatoshi = Quantity<"msat">;
/** Price of energy: millisatoshi for one watt-hour. */
export type MilliSatPerWh = Quantity<"msat/Wh">;
/** Fee rate: millisatoshi for one virtual byte (BIP141); 100 is 0.1 sat/vB. */
export type MilliSatPerVbyte = Quantity<"msat/vB">;
/** Energy, as the protocol counts it. */
export type MilliwattHour = Quantity<"mWh">;
/** Energy, as the power gate counts it. */
export type MicrowattHour = Quantity<"uWh">;
export type Milliwatt = Quantity<"mW">;
export type Milliampere = Quantity<"mA">;
export type Millivolt = Quantity<"mV">;
/** Durations, and instants of a monotonic clock that starts at boot. */
export type Millisecond = Quantity<"ms">;
/** Lower-case hexadecimal, two digits a byte. Comparing strings is native, and so quick, on XS. */
export type Hex = string;

export const MAX_SATOSHI: Satoshi = 21e14;

/**
 * Energy that `amount` buys at `price`, rounded down so that nobody is promised more than was paid
 * for.
 */
export function energyFor(amount: Satoshi, price: MilliSatPerWh): MilliwattHour {
  return Math.floor((amount * 1_000_000) / price);
}

/** Value of `energy` at `price`, rounded up: what is owed is never understated. */
export function priceOf(energy: MilliwattHour, price: MilliSatPerWh): Satoshi {
  return Math.ceil((energy * price) / 1_000_000);
}

/** Miner's fee of `vbytes` at `rate`, rounded up so that the rate is really reached. */
export function feeFor(vbytes: number, rate: MilliSatPerVbyte): Satoshi {
  return Math.ceil((vbytes * rate) / 1000);
}

/**
 * True for an amount that bitcoin can hold: a non-negative integer of at most 21 million bitcoin.
 */
export function isSatoshi(value: unknown): value is Satoshi {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= MAX_SATOSHI;
}

/** `12 345 sat`, digits in groups of three. */
export function formatSatoshi(amount: Satoshi): string {
  return `${group(amount)} sat`;
}

/** `39.9 Wh`, or `1.24 kWh` from one kilowatt-hour on. */
export function formatEnergy(energy: MilliwattHour): string {
  if (Math.abs(energy) >= 1_000_000) return `${(energy / 1_000_000).toFixed(2)} kWh`;
  return `${(energy / 1000).toFixed(energy < 1000 ? 3 : 1)} Wh`;
}

/** `1300 W`, or `0.8 W` below ten. */
export function formatPower(power: Milliwatt): string {
  return `${(power / 1000).toFixed(power < 10_000 ? 1 : 0)} W`;
}

/**
 * `300 sat/kWh`: people know electricity by the kilowatt-hour, and a thousandth of a satoshi a Wh
 * is a satoshi a kWh.
 */
export function formatPrice(price: MilliSatPerWh): string {
  return `${price} sat/kWh`;
}

/** `1.5 sat/vB`. */
export function formatFeeRate(rate: MilliSatPerVbyte): string {
  return `${rate / 1000} sat/vB`;
}

/** `850 ms`, `12.3 s`, `4 min 05 s` or `1 h 02 min`. */
export function formatDuration(time: Millisecond): string {
  if (time < 1000) return `${Math.round(time)} ms`;
  if (time < 60_000) return `${(time / 1000).toFixed(1)} s`;
  const seconds = Math.round(time / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}
