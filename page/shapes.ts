// What the methods of docs/owner.md answer, as far as the page shows it.

export interface Stuck {
  readonly what: string;
  readonly sat: number;
  readonly coins?: readonly string[];
  readonly action: string;
}

export interface OpenSession {
  readonly id: string;
  readonly scheme: string;
  readonly paidSat: number;
  readonly maxSat: number;
  readonly priceSatPerKwh: number;
}

interface Common {
  readonly version: string;
  readonly network: string | null;
  readonly uptimeMs: number;
  readonly calibrated: boolean;
  readonly link: { readonly kind: string; readonly address?: string; readonly name?: string } | null;
  readonly heap: { readonly free: number } | null;
  readonly state: string;
  readonly reason: string;
  /** The rest is absent where the device did not start. */
  readonly trip?: string | null;
  readonly creditMwh?: number;
  readonly priceSatPerKwh?: number | null;
  readonly session?: OpenSession | null;
  readonly stuck?: readonly Stuck[];
  readonly meter?: {
    readonly powerW: number;
    readonly voltageV: number | null;
    readonly currentA: number;
    readonly powerFactor: number;
    readonly frequencyHz: number | null;
    readonly relayClosed: boolean;
  };
  readonly energy?: { readonly totalMwh: number; readonly sinceStartMwh: number };
}

export interface SocketStatus extends Common {
  readonly device: "socket";
  readonly exposureSat?: number;
  readonly exposureLimitSat?: number;
  readonly earned?: { readonly confirmedSat: number; readonly unconfirmedSat: number; readonly lostSat: number };
  readonly settlements?: { readonly held: number; readonly sent: number; readonly mined: number };
  readonly debts?: { readonly sat: number; readonly cables: number };
  readonly chain?: {
    readonly tip: number | { readonly height: number } | null;
    readonly tipAgeMs: number | null;
    readonly backends?: readonly string[];
  };
}

export interface CableStatus extends Common {
  readonly device: "cable";
  readonly stop?: string | null;
  readonly spent?: { readonly todaySat: number; readonly totalSat: number; readonly feesSat: number };
  readonly claims?: { readonly sat: number; readonly energyMwh: number; readonly sockets: number };
  readonly unansweredSat?: number;
}

export type Status = SocketStatus | CableStatus;

export interface SessionLine {
  readonly session: string;
  readonly priceSatPerKwh: number;
  readonly paidSat: number;
  readonly feesSat: number;
  readonly energyMwh: number | null;
  readonly why?: string;
  readonly txid?: string;
  readonly confirmedSat: number;
  readonly lostSat: number;
}

export interface EventLine {
  readonly n: number;
  readonly atMs: number;
  readonly name: string;
  readonly times?: number;
}

/** The answer of settings.get. */
export interface Settings {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly own: readonly string[];
  readonly secrets: readonly string[];
  readonly waiting: readonly string[];
  readonly refused: readonly { readonly name: string; readonly why: string }[];
}

/** The answer of settings.set. */
export interface Change {
  readonly changed: readonly string[];
  readonly session: readonly string[];
  readonly restart: readonly string[];
}

/** The answer of limits. */
export interface Limits {
  readonly limits: Readonly<Record<string, unknown>>;
  readonly used: { readonly todaySat: number; readonly claimsSat: number } | null;
}
