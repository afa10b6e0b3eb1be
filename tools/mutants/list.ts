// All mutations: the guards that money depends on.

import { BITCOIN } from "./bitcoin";
import { CABLE } from "./cable";
import { CHANNEL } from "./channel";
import { CURVE } from "./curve";
import { JOURNAL } from "./journal";
import { LINK } from "./link";
import type { Mutation } from "./mutation";
import { OWNER } from "./owner";
import { SOCKET } from "./socket";
import { UPDATE } from "./update";

export const MUTATIONS: readonly Mutation[] = [
  ...BITCOIN,
  ...CURVE,
  ...JOURNAL,
  ...SOCKET,
  ...CABLE,
  ...CHANNEL,
  ...LINK,
  ...OWNER,
  ...UPDATE,
];
