// Where an owner chooses the device on USB that the page is to show.

import { useState } from "preact/hooks";
import type { EntranceProps } from "./app";
import { Rpc } from "./rpc";
import { type Port, SerialWay } from "./serial";
import type { Status } from "./shapes";
import type { Timers } from "./watch";
import { WayError } from "./way";

/** As much of `navigator.serial` as is used. */
export interface Ports {
  requestPort(): Promise<Port>;
}

export interface ConnectProps extends EntranceProps {
  /** Undefined in a browser that has no Web Serial. */
  readonly ports: Ports | undefined;
  readonly timers: Timers;
}

export function Connect({ why, onIn, ports, timers }: ConnectProps) {
  const [said, setSaid] = useState(why);
  const [busy, setBusy] = useState(false);
  const connect = async () => {
    const port = await chosen(ports);
    if (!port) return;
    setBusy(true);
    setSaid("");
    try {
      const rpc = new Rpc(new SerialWay({ port, timers, onBoot: () => setSaid(STARTED) }));
      await rpc.call<Status>("status");
      onIn(rpc);
    } catch (error) {
      if (!(error instanceof WayError)) throw error;
      setSaid(`${error.message}. Is it a plugpay board, and no other program at its port?`);
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <h1>plugpay</h1>
      <p>This page shows and sets up a device on USB. Over this wire it takes all settings, and asks no password.</p>
      <p class="note">
        A board with a metering chip is at mains potential: connect it on the bench only, without mains. Opening the
        port restarts some boards; in the middle of a session wait for its end.
      </p>
      <p class="error" role="alert">
        {ports ? said : "This browser has no Web Serial. Chromium, Chrome and Edge have it."}
      </p>
      <button type="button" class="main" disabled={busy || !ports} onClick={() => void connect()}>
        {busy ? "Asking the device…" : "Choose the device"}
      </button>
    </main>
  );
}

const STARTED = "The board has just started: opening the port restarts it. It is asked again in a moment.";

/** Undefined where the owner chose none. */
async function chosen(ports: Ports | undefined): Promise<Port | undefined> {
  try {
    return await ports?.requestPort();
  } catch {
    return undefined;
  }
}
