// What both pages are made of.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Stuck } from "./shapes";
import type { Tone } from "./words";
import { formatSatoshi } from "./words";

export function Card(props: { readonly title: string; readonly wide?: boolean; readonly children: ComponentChildren }) {
  const id = `card-${props.title.toLowerCase().replace(/\W+/g, "-")}`;
  return (
    <section class={props.wide ? "card wide" : "card"} aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </section>
  );
}

/** A name and its value, as a pair of a definition list. */
export function Fact(props: {
  readonly name: string;
  readonly note?: string | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="fact">
      <dt>{props.name}</dt>
      <dd>
        {props.children}
        {props.note !== undefined && <span class="note">{props.note}</span>}
      </dd>
    </div>
  );
}

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts">{children}</dl>;
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** What holds the device up, and the one action that frees it. */
export function StuckList({ stuck }: { readonly stuck: readonly Stuck[] }) {
  if (stuck.length === 0) return null;
  return (
    <Card title="What is stuck" wide>
      <ul class="stuck">
        {stuck.map(({ what, sat, coins = [], action }) => (
          <li key={what}>
            <p>
              {what}
              {sat > 0 && <strong> {formatSatoshi(sat)}</strong>}
            </p>
            {coins.map((coin) => (
              <code key={coin}>{coin}</code>
            ))}
            <p class="todo">What to do: {action}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/**
 * Copies `text`, where the browser lets a page of plain HTTP do so; else it is marked, to be copied
 * by hand.
 */
export function CopyButton({ text, from }: { readonly text: string; readonly from: string }) {
  const [done, setDone] = useState("");
  const copy = async () => {
    const shown = document.getElementById(from);
    if (shown) getSelection()?.selectAllChildren(shown);
    try {
      if (!navigator.clipboard) throw new Error("plain HTTP");
      await navigator.clipboard.writeText(text);
      setDone("Copied.");
    } catch {
      setDone("It is marked: copy it by hand.");
    }
  };
  return (
    <>
      <button type="button" onClick={copy}>
        Copy the address
      </button>
      <span role="status" class="note">
        {done}
      </span>
    </>
  );
}
