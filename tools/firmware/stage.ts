// What stands around two emulated boards, a chain and an Ethernet, for as long as they play:
// however that ends, all of it is closed, or the command would never end.

import { urlParts } from "../../shared/kernel/url";
import { Chain } from "./chain";
import { EthernetSwitch, type Wire } from "./ethernet-switch";
import { UsageError } from "./targets";

/** The socket's board, its way to this computer, the cable's board. */
const WIRES = 3;

export interface Around {
  readonly chain: Chain;
  readonly ethernet: EthernetSwitch;
  readonly wires: readonly Wire[];
}

/**
 * `esplora`: where the socket's image looks for its chain. The chain comes first: it may not start.
 */
export async function withStage<T>(esplora: string, action: (around: Around) => Promise<T>): Promise<T> {
  const at = urlParts(esplora);
  if (at === undefined) throw new UsageError(`esplora: expected a URL of HTTP, came ${esplora}`);
  const [chain] = await Chain.start(at.port, at.secure ? at.host : undefined);
  try {
    const [ethernet, wires] = await EthernetSwitch.start(WIRES);
    try {
      return await action({ chain, ethernet, wires });
    } finally {
      ethernet.close();
    }
  } finally {
    chain.close();
  }
}
