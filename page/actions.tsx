// What an owner does beside settings.

import { useState } from "preact/hooks";
import { Card } from "./parts";
import { Refusal, type Rpc } from "./rpc";
import type { Status } from "./shapes";
import { WayError } from "./way";

export interface ActionsProps {
  readonly rpc: Rpc;
  readonly status: Status;
  readonly onChanged: () => void;
  readonly onOut: () => void;
}

export function Actions({ rpc, status, onChanged, onOut }: ActionsProps) {
  const [said, setSaid] = useState("");
  const [asks, setAsks] = useState(false);
  const call = async (method: string, done: string) => {
    setAsks(false);
    try {
      await rpc.call(method);
      setSaid(done);
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof WayError)) throw error;
      setSaid(`Not done: ${error.message}.`);
    }
    onChanged();
  };
  return (
    <Card title="Do" wide>
      <div class="bar">
        {status.trip && (
          <button type="button" onClick={() => void call("clear", "The trip is cleared.")}>
            Clear the trip
          </button>
        )}
        <button type="button" onClick={() => void call("identify", "Its light blinks for ten seconds.")}>
          Blink its light
        </button>
        {asks ? (
          <>
            <button type="button" onClick={() => void call("restart", "It settles what is open, and starts anew.")}>
              Yes, restart it
            </button>
            <button type="button" onClick={() => setAsks(false)}>
              No
            </button>
          </>
        ) : (
          <button type="button" onClick={() => setAsks(true)}>
            Restart
          </button>
        )}
        <button type="button" onClick={onOut}>
          Leave
        </button>
      </div>
      <p class="note" role="status">
        {asks ? "A restart ends the session that runs, and opens the relay for some seconds. Restart?" : said}
      </p>
    </Card>
  );
}
