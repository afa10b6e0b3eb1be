// A reporter in front of the device's own, by which the log of sessions hears of what happens. It
// must cost a payment next to nothing: lines are taken, a record is looked at, and nothing is
// written.

import type { CableRecord } from "../cable/record";
import type { DeviceEvent, Reporter } from "../kernel/ports";
import type { MicrowattHour } from "../kernel/units";
import type { SocketRecord } from "../socket/record";
import type { SessionLog } from "./sessions";

export interface Listening<Record> {
  readonly report: Reporter;
  readonly sessions: SessionLog;
  /** Undefined before the device runs. */
  readonly record: () => Record | undefined;
}

export function socketListener(options: Listening<SocketRecord>): Reporter {
  return (event) => {
    options.report(event);
    const record = options.record();
    if (record) socketLine(options.sessions, event, record);
  };
}

function socketLine(sessions: SessionLog, event: DeviceEvent, record: SocketRecord): void {
  switch (event.name) {
    case "start":
      if (record.session && record.session.paid > 0) sessions.resume(record.session, record.openedAt);
      break;
    case "credited": {
      const { session, openedAt } = record;
      if (session && session.id === event.session)
        sessions.paid(session, Number(event.value), Number(event.fee), openedAt);
      break;
    }
    case "session-ended":
      sessions.ended(String(event.session), String(event.why));
      break;
    case "broadcast": {
      const session = sessionOf(record, event.txid);
      if (session !== undefined) sessions.broadcast(session, String(event.txid));
      break;
    }
    case "buried":
      sessions.buried(sessionOf(record, event.txid), String(event.txid), Number(event.value));
      break;
    case "lost":
      sessions.lost(String(event.session), Number(event.value));
      break;
    // What was paid for flows no more.
    case "standby":
    case "lockout":
    case "credit-used":
    case "suspended":
      sessions.delivered();
      break;
  }
}

function sessionOf({ settlements }: SocketRecord, txid: unknown): string | undefined {
  return settlements.find(({ commitments }) => commitments.some((each) => each.txid === txid))?.session;
}

export function cableListener(options: Listening<CableRecord> & { readonly total: () => MicrowattHour }): Reporter {
  return (event) => {
    options.report(event);
    if (event.name !== "paid" && event.name !== "stopped") return;
    const session = options.record()?.session;
    if (!session) return;
    if (event.name === "stopped") options.sessions.ended(session.id, String(event.reason));
    else options.sessions.paid(session, Number(event.value), Number(event.fee), options.total());
  };
}
