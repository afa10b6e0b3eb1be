// Satoshi in the money of the owner's country, at the rate that he typed: the page asks nobody for
// one.

export interface Rate {
  /** What a bitcoin costs. */
  readonly perBitcoin: number;
  /** Such as EUR. */
  readonly currency: string;
}

const SATOSHI_IN_BITCOIN = 1e8;
const LONGEST_CURRENCY = 8;

/** A rate as it was typed; undefined where it is none. */
export function rateOf(perBitcoin: string, currency: string): Rate | undefined {
  const number = Number(perBitcoin.replace(/[\s_]/g, ""));
  if (perBitcoin.trim() === "" || !Number.isFinite(number) || number <= 0) return undefined;
  return { perBitcoin: number, currency: currency.trim().slice(0, LONGEST_CURRENCY) };
}

/** Such as `€0.29`; undefined without a rate. */
export function moneyOf(sat: number, rate: Rate | undefined, locale?: string): string | undefined {
  if (!rate) return undefined;
  const amount = (sat / SATOSHI_IN_BITCOIN) * rate.perBitcoin;
  // Small sums keep two digits that say something.
  const digits = amount === 0 ? 2 : Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(Math.abs(amount)))));
  const format = { minimumFractionDigits: 2, maximumFractionDigits: digits };
  if (/^[A-Za-z]{3}$/.test(rate.currency)) {
    const currency = rate.currency.toUpperCase();
    return new Intl.NumberFormat(locale, { style: "currency", currency, ...format }).format(amount);
  }
  return `${new Intl.NumberFormat(locale, format).format(amount)} ${rate.currency}`.trim();
}
