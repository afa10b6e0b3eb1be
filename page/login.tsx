// Where the owner shows that the device is his.

import { useEffect, useRef, useState } from "preact/hooks";
import type { EntranceProps } from "./app";
import { Rpc } from "./rpc";
import type { Status } from "./shapes";
import { type Way, WayError } from "./way";

export interface LoginProps extends EntranceProps {
  readonly wayOf: (password: string) => Way;
}

export function Login({ why, wayOf, onIn }: LoginProps) {
  const [password, setPassword] = useState("");
  const [said, setSaid] = useState(why);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const enter = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setSaid("");
    try {
      const rpc = new Rpc(wayOf(password));
      await rpc.call<Status>("status");
      onIn(rpc);
    } catch (error) {
      if (!(error instanceof WayError)) throw error;
      setSaid(wordsOf(error));
      setBusy(false);
      input.current?.select();
    }
  };
  return (
    <main class="login">
      <form onSubmit={(event) => void enter(event)} noValidate>
        <h1>plugpay</h1>
        <p>This page is the owner's. The password never crosses the link; this page keeps it until it is closed.</p>
        <input class="hidden" type="text" name="username" value="owner" autoComplete="username" readOnly hidden />
        <label for="password">The owner's password</label>
        <input
          ref={input}
          id="password"
          type="password"
          autoComplete="current-password"
          value={password}
          aria-invalid={said !== ""}
          aria-describedby="login-said"
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
        <p id="login-said" class="error" role="alert">
          {said}
        </p>
        <button type="submit" class="main" disabled={busy}>
          {busy ? "Asking the device…" : "Enter"}
        </button>
        <p class="note">
          It is the setting ownerPassword, which is set over the serial port. Who forgot it sets another one there.
        </p>
      </form>
    </main>
  );
}

function wordsOf({ problem, message, waitMs }: WayError): string {
  switch (problem) {
    case "password":
      return "This is not the owner's password.";
    case "wait":
      return `Too many tries: wait ${Math.ceil(waitMs / 1000)} s, then try again.`;
    case "lost":
      return "The device does not answer. Is it on, and are you on its network?";
    case "odd":
      return `${message}.`;
  }
}
