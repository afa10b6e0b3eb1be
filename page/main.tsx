// Where the page that a device serves begins, in a browser.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app";
import { DigestWay } from "./digest";
import { Login } from "./login";
import "./style.css";
import { timers } from "./timers";

const NONCE_BYTES = 16;

const wayOf = (password: string) =>
  new DigestWay({
    password,
    fetch: (url, init) => fetch(url, init),
    random: () => crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
  });

render(<App enter={(props) => <Login {...props} wayOf={wayOf} />} timers={timers} />, document.body);
