// What a cable is made of, for those of its parts that need several others.

import type { Wallet } from "../bitcoin/wallet";
import type { ChannelPocket } from "../channel/pocket";
import type { Ledger } from "../journal/ledger";
import type { Clock, Reporter } from "../kernel/ports";
import type { Hex, MilliSatPerWh } from "../kernel/units";
import type { Inlet } from "./inlet";
import type { Purse } from "./purse";
import type { Questions, SocketLink } from "./questions";
import type { CableRecord } from "./record";
import type { CableSettings } from "./settings";
import type { Visit } from "./visit";

export interface CableParts {
  readonly clock: Clock;
  readonly wallet: Wallet;
  readonly socket: SocketLink;
  readonly report: Reporter;
  readonly settings: CableSettings;
  readonly ledger: Ledger<CableRecord>;
  readonly inlet: Inlet;
  readonly purse: Purse;
  readonly questions: Questions;
  /** Channels, where the owner pays by them. */
  readonly pocket: ChannelPocket | undefined;
  /** What energy last cost at the socket of this payee. */
  readonly priceAt: (payee: Hex) => MilliSatPerWh;
  /** On a direct link. */
  readonly visit: Visit | undefined;
}
