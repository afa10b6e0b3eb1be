// Where the page begins, in a browser.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app";
import { DigestWay } from "./digest";
import "./style.css";
import type { Timers } from "./watch";

const NONCE_BYTES = 16;

const timers: Timers = {
  now: () => performance.now(),
  after(delay, action) {
    const timer = setTimeout(action, delay);
    return () => clearTimeout(timer);
  },
};

const wayOf = (password: string) =>
  new DigestWay({
    password,
    fetch: (url, init) => fetch(url, init),
    random: () => crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
  });

render(<App wayOf={wayOf} timers={timers} />, document.body);
