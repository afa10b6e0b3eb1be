// What the owner's settings mean for channels: the book's terms, what get_status says of them, and
// how much an increment pays.

import { firstPayment } from "../channel/amounts";
import type { BookTerms, ChannelBook } from "../channel/book";
import {
  energyFor,
  type Hex,
  type MilliSatPerVbyte,
  type Millisecond,
  type Milliwatt,
  type MilliwattHour,
  priceOf,
  type Satoshi,
} from "../kernel/units";
import type { ChannelTerms } from "../protocol/channel";
import { type SocketSettings, thresholdOf } from "./settings";

/**
 * An increment lasts so long at the present power at least: a socket's flash, radio and processor
 * bear no more of them.
 */
const LASTS: Millisecond = 30_000;
const HOUR: Millisecond = 3_600_000;

export function bookTerms(settings: SocketSettings, payeeScript: Hex): BookTerms {
  return {
    delay: settings.channelDelay,
    version: settings.channelVersion,
    depositLeast: settings.depositMin,
    depositMost: settings.depositMax,
    confirmations: settings.channelConfirmations,
    margin: settings.channelMargin,
    maxUnclosed: settings.maxUnclosed,
    answerAge: settings.fundingMaxAge,
    payeeScript,
  };
}

/** What get_status says; `rate` is the going fee rate. */
export function announced(
  book: ChannelBook,
  { channelIncrement }: SocketSettings,
  rate: MilliSatPerVbyte,
): ChannelTerms {
  const { terms } = book;
  return {
    payeeKey: book.nextKey(),
    depositLeast: terms.depositLeast,
    depositMost: terms.depositMost,
    delay: terms.delay,
    confirmations: terms.confirmations,
    margin: terms.margin,
    version: terms.version,
    first: Math.max(channelIncrement, firstPayment(terms.payeeScript, rate)),
    step: channelIncrement,
  };
}

/** What an increment pays at least while `power` flows. */
export function stepAt(power: Milliwatt, { channelIncrement, price }: SocketSettings): Satoshi {
  return Math.max(channelIncrement, priceOf(Math.ceil((Math.max(0, power) * LASTS) / HOUR), price));
}

/** Credit under which the next increment is due while `power` flows. */
export function thresholdAt(power: Milliwatt, settings: SocketSettings): MilliwattHour {
  return thresholdOf(energyFor(stepAt(power, settings), settings.price), settings.maxCurrent);
}
