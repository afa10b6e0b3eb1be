// The page: first an entrance, by a password or by a wire; then the device's page, live.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Actions } from "./actions";
import { Address, Claims, LimitList, Spent } from "./cable";
import { About, Energy, Flow } from "./flow";
import { rateOf } from "./money";
import { StuckList } from "./parts";
import { Receipts } from "./receipts";
import type { Rpc } from "./rpc";
import { SettingsForm } from "./settings";
import type { Status } from "./shapes";
import { Earned, Price, Sessions } from "./socket";
import { type Seen, type Timers, Watch } from "./watch";
import { formatDuration } from "./words";

const RATE = "plugpay-rate";
const TITLES = { socket: "Socket", cable: "Cable" } as const;
const NO_RATE = { perBitcoin: "", currency: "EUR" };

export interface EntranceProps {
  /** Why the owner is there again; "" the first time. */
  readonly why: string;
  readonly onIn: (rpc: Rpc) => void;
}

export interface AppProps {
  /** What is shown until there is a way to the device. */
  readonly enter: (props: EntranceProps) => ComponentChildren;
  readonly timers: Timers;
}

export function App({ enter, timers }: AppProps) {
  const [rpc, setRpc] = useState<Rpc | undefined>(undefined);
  const [why, setWhy] = useState("");
  const leave = (reason: string) => {
    setWhy(reason);
    setRpc(undefined);
  };
  if (!rpc) return <>{enter({ why, onIn: setRpc })}</>;
  return <DevicePage rpc={rpc} timers={timers} onOut={leave} />;
}

interface DeviceProps {
  readonly rpc: Rpc;
  readonly timers: Timers;
  readonly onOut: (why: string) => void;
}

function DevicePage({ rpc, timers, onOut }: DeviceProps) {
  const [seen, setSeen] = useState<Seen | undefined>(undefined);
  const watch = useRef<Watch | undefined>(undefined);
  useEffect(() => {
    const one = new Watch({ rpc, timers, onSeen: setSeen, onOut, isHidden: () => document.hidden });
    watch.current = one;
    one.start();
    return () => one.stop();
  }, [rpc]);
  const status = seen?.status;
  useEffect(() => {
    document.title = status ? `${TITLES[status.device]}, plugpay` : "plugpay";
  }, [status?.device]);
  const refresh = () => void watch.current?.refresh();
  if (!seen || !status)
    return (
      <main class="login">
        <p role="status">{seen?.lost ? `${seen.lost.why}. Trying again.` : "Asking the device…"}</p>
      </main>
    );
  return (
    <>
      <header>
        <h1>
          plugpay <span class="soft">{TITLES[status.device]}</span>
        </h1>
        {status.network !== "mainnet" && (
          <p class="network">{status.network === null ? "no network yet" : `${status.network}: coins without worth`}</p>
        )}
      </header>
      <Lost lost={seen.lost} timers={timers} />
      <main class={seen.lost ? "page old" : "page"}>
        <Flow status={status} seen={seen} />
        <StuckList stuck={status.stuck ?? []} />
        {status.device === "socket" ? (
          <SocketCards status={status} seen={seen} rpc={rpc} />
        ) : (
          <CableCards status={status} seen={seen} />
        )}
        {seen.settings && <SettingsForm device={status.device} rpc={rpc} got={seen.settings} onChanged={refresh} />}
        <Actions rpc={rpc} status={status} onChanged={refresh} onOut={() => onOut("")} />
        <About status={status} seen={seen} />
      </main>
    </>
  );
}

function SocketCards({
  status,
  seen,
  rpc,
}: {
  readonly status: Extract<Status, { device: "socket" }>;
  readonly seen: Seen;
  readonly rpc: Rpc;
}) {
  const [typed, setTyped] = useState(keptRate);
  const keep = (rate: typeof typed) => {
    setTyped(rate);
    try {
      localStorage.setItem(RATE, JSON.stringify(rate));
    } catch {
      // A browser that keeps nothing: it counts until the page is closed.
    }
  };
  return (
    <>
      <Price status={status} typed={typed} onRate={keep} />
      <Earned status={status} rate={rateOf(typed.perBitcoin, typed.currency)} />
      <Energy status={status} />
      <Sessions sessions={seen.sessions} />
      <Receipts rpc={rpc} />
    </>
  );
}

function CableCards({ status, seen }: { readonly status: Extract<Status, { device: "cable" }>; readonly seen: Seen }) {
  return (
    <>
      <Address address={seen.address} />
      <Spent status={status} limits={seen.limits} />
      <Energy status={status} />
      <Claims status={status} />
      <LimitList limits={seen.limits} />
      <Sessions sessions={seen.sessions} />
    </>
  );
}

/** Always there, so that a screen reader hears of it when it gets its text. */
function Lost({ lost, timers }: { readonly lost: Seen["lost"]; readonly timers: Timers }) {
  const ago = lost ? formatDuration(Math.max(0, timers.now() - lost.since)) : "";
  return (
    <div class="lost" role="alert">
      {lost && (
        <p>
          No connection: {lost.why}. What is shown is old. Trying again.{" "}
          <span aria-hidden="true">{ago === "0 ms" ? "" : `(for ${ago})`}</span>
        </p>
      )}
    </div>
  );
}

function keptRate(): typeof NO_RATE {
  try {
    const kept = JSON.parse(localStorage.getItem(RATE) ?? "{}") as Partial<typeof NO_RATE>;
    return { perBitcoin: String(kept.perBitcoin ?? ""), currency: String(kept.currency ?? NO_RATE.currency) };
  } catch {
    return NO_RATE;
  }
}
