// What may happen to a cable, what it keeps in mind meanwhile, and what may follow: the words of
// the table in states.ts.

import { constant } from "../kernel/constant";
import type { DeviceEvent, Outpoint } from "../kernel/ports";
import type { Hex, MicrowattHour, Millisecond, MilliwattHour } from "../kernel/units";
import type { DraftOffer, Status } from "../protocol/types";
import type { ChannelReady, Ready } from "./purse";
import type { CableSettings } from "./settings";
import type { Hold, Stop } from "./stop";
import type { Terms } from "./terms";

/**
 * No payment before `until`. Without a hold it only means that a draft has to be asked for again.
 */
export interface HeldPayment {
  readonly hold: Hold | undefined;
  readonly until: Millisecond;
}

/** What stands between the cable and its next payment. */
export type Payment =
  /** Nothing: a draft is asked for at once. */
  | { readonly is: "open" }
  /**
   * A draft is signed and waits until it is due. `held`: a socket that claimed too much, which is
   * paid by the own meter only.
   */
  | { readonly is: "ready"; readonly ready: Ready | ChannelReady; readonly held: HeldPayment | undefined }
  | { readonly is: "held"; readonly held: HeldPayment };

/**
 * Where both meters stood when power first flowed, and when the session began that is counted now.
 */
export interface FirstMinute {
  readonly session: Hex | undefined;
  readonly at: Millisecond;
  readonly from: Millisecond;
  readonly own: MicrowattHour;
  readonly claimed: MilliwattHour;
  /** So much has flowed that the meters would not agree by chance. */
  readonly agreed: boolean;
}

interface Always {
  /**
   * How often in a row a draft was no longer good when it was paid; each time the next one is asked
   * for later.
   */
  readonly stale: number;
}

/** What the cable keeps in mind while it deals with a socket. */
interface Deal extends Always {
  /** The socket's last answer. */
  readonly status: Status;
  /** True until something was done on that answer. */
  readonly isFresh: boolean;
  readonly payment: Payment;
  /** True once credit that the socket did not serve was asked back. */
  readonly isReclaimed: boolean;
}

export interface Negotiating extends Deal {
  readonly state: "negotiating";
}

export interface Powered extends Deal {
  readonly state: "powered";
  /** On a link that neighbours share. */
  readonly firstMinute: FirstMinute | undefined;
}

export type Dealing = Negotiating | Powered;

interface Stopped extends Always {
  readonly state: "stopped";
  readonly stop: Stop;
}

/**
 * What the cable keeps in mind besides its record: in each state what means something there. A
 * power cut takes it.
 */
export type Memory = (Always & { readonly state: "connecting" }) | Stopped | Dealing;

export const AT_FIRST: Memory = constant({ state: "connecting", stale: 0 });

/** The cable's own account of energy (inlet.ts), to look at. */
export interface Account {
  readonly trip: string | undefined;
  isSpent(): boolean;
  isShort(claimed: MilliwattHour): boolean;
  remaining(): MilliwattHour;
  tolerance(): MilliwattHour;
  meter(): MicrowattHour;
  mayDiffer(energy: MilliwattHour, time: Millisecond): MilliwattHour;
}

/** On a direct link: what is known of where the cable sits (visit.ts), to look at. */
export interface Whereabouts {
  readonly isOpen: boolean;
  readonly hasMet: boolean;
  mayDraw(): MicrowattHour;
}

/** All that the table looks at. */
export interface Moment {
  readonly now: Millisecond;
  readonly account: Account;
  readonly visit: Whereabouts | undefined;
  readonly settings: CableSettings;
  /** True where the gate's scales were measured. */
  readonly isCalibrated: boolean;
  /** Id of the running session. */
  readonly session: Hex | undefined;
}

/** An offer by which both accounts agree, not signed yet. */
export interface Offered {
  readonly offer: DraftOffer;
  readonly terms: Terms;
  /** The terms of the socket's status. */
  readonly announced: Terms;
  /** Asks for an offer that spends none of these coins. */
  readonly another: (promised: readonly Outpoint[]) => Promise<DraftOffer>;
}

export type CableEvent =
  /** The start, or the end of a stop's pause. */
  | { readonly kind: "begin" }
  /** The socket's first answer. */
  | { readonly kind: "answer"; readonly status: Status }
  /** What is left of earlier payments was agreed on; the offer waits to be signed. */
  | { readonly kind: "agreed"; readonly offered: Offered }
  /** A draft was found good and signed, or an increment of a channel is good. */
  | { readonly kind: "signed"; readonly ready: Ready | ChannelReady }
  /** Nothing may be paid for now; without a hold another draft heals it. */
  | { readonly kind: "refused"; readonly hold: Hold | undefined }
  /**
   * A payment was acknowledged and booked. `next`: the draft after it; `ready`: the channel's next
   * increment.
   */
  | {
      readonly kind: "paid";
      readonly next: DraftOffer | undefined;
      readonly ready?: ChannelReady | undefined;
      readonly news?: DeviceEvent;
    }
  /** Time has passed in which something may have changed. */
  | { readonly kind: "waited" }
  /** How things stand, asked at `asked` with the own meter at `meter`. */
  | {
      readonly kind: "status";
      readonly status: Status;
      readonly asked: Millisecond;
      readonly meter: MicrowattHour;
      readonly isUrgent: boolean;
    }
  /** The last answer is to be acted on. */
  | { readonly kind: "turn" }
  /** Something went wrong that ends the dealing. */
  | { readonly kind: "failed"; readonly stop: Stop };

export type Effect =
  /** Opens the relay. */
  | { readonly do: "open" }
  /** Holds the relay while credit lasts, up to a reading of the gate. */
  | { readonly do: "supply"; readonly upTo: MicrowattHour }
  | { readonly do: "tell"; readonly event: DeviceEvent }
  /**
   * Remembers the session's payee as one that cheats. `isOptional`: where the journal is full, the
   * rest happens all the same.
   */
  | { readonly do: "blame"; readonly isLoss: boolean; readonly isOptional: boolean }
  /** Compares what both meters of a direct link saw. */
  | { readonly do: "judge"; readonly status: Status; readonly meter: MicrowattHour };

/** What the controller does last, and waits for: its outcome is the next event. */
export type Act =
  /** Calls until the socket answers: `answer`. */
  | { readonly do: "connect" }
  /**
   * Asks for a draft and signs it: `signed` or `refused`; `agreed` where credit is left to draw
   * meanwhile.
   */
  | { readonly do: "ask"; readonly status: Status }
  /** Signs the offer that waits: `signed` or `refused`. */
  | { readonly do: "finish"; readonly offered: Offered }
  /** Signs the draft that came with a payment's answer: `signed` or `refused`. */
  | { readonly do: "sign"; readonly offer: DraftOffer; readonly status: Status }
  /** Hands a signature over: `paid` or `refused`. */
  | { readonly do: "pay"; readonly ready: Ready | ChannelReady }
  /** `waited`, after `time`. */
  | { readonly do: "wait"; readonly time: Millisecond }
  /**
   * Asks how things stand: `status`. Where it is not urgent the socket may hold its answer back.
   */
  | { readonly do: "look"; readonly isUrgent: boolean }
  /** `turn`, after `time`. */
  | { readonly do: "go-on"; readonly time: Millisecond }
  /** Tells of the stop, where it is news, and pauses: `begin`. */
  | { readonly do: "pause"; readonly stop: Stop; readonly isNews: boolean };

/** A row of the table: what is kept in mind next, what happens, and what is done then. */
export interface Step {
  readonly next: Memory;
  readonly effects: readonly Effect[];
  readonly act: Act;
}

// Those that hold nothing of the moment lie in flash.
export const BEGIN: CableEvent = constant({ kind: "begin" });
export const WAITED: CableEvent = constant({ kind: "waited" });
export const TURN: CableEvent = constant({ kind: "turn" });
export const OPEN: Effect = constant({ do: "open" });
export const CONNECT: Act = constant({ do: "connect" });
export const GO_ON: Act = constant({ do: "go-on", time: 0 });
export const LOOK: Act = constant({ do: "look", isUrgent: false });
export const LOOK_AT_ONCE: Act = constant({ do: "look", isUrgent: true });
export const NOTHING: readonly Effect[] = constant([]);
export const NO_DRAFT: Payment = constant({ is: "open" });
