// Where the page for a device on USB begins: npm run page serves it on localhost, since browsers give
// Web Serial to secure pages only, and what a device serves over plain HTTP is none.

import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app";
import { Connect, type Ports } from "./connect";
import "./style.css";
import { timers } from "./timers";

const { serial } = navigator as Navigator & { readonly serial?: Ports };

render(<App enter={(props) => <Connect {...props} ports={serial} timers={timers} />} timers={timers} />, document.body);
