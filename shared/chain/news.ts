// How long fee rates and the tip are good where the backend says nothing else (Chain.newsAge).

import type { Millisecond } from "../kernel/units";

export const NEWS_AGE: Millisecond = 60_000;
