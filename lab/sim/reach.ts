// Whether anybody listens at an address: said at once, where a device would only try again and
// again.

import { connect } from "node:net";

/** Null when somebody takes the connection within `limit` ms, else why not. */
export function whyNoAnswer({ host, port }: { host: string; port: number }, limit: number): Promise<string | null> {
  return new Promise((resolve) => {
    const link = connect({ host, port });
    const tell = (why: string | null) => {
      link.destroy();
      resolve(why);
    };
    link.setTimeout(limit, () => tell(`nothing came back in ${limit / 1000} s`));
    link.once("connect", () => tell(null));
    link.once("error", (error: NodeJS.ErrnoException) => tell(error.code ?? error.message));
  });
}
