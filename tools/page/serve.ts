// Serves the page for a device on USB on localhost, where browsers give a page Web Serial.

import { createServer } from "node:http";
import { buildPage, headersOf } from "./build";

export interface ServedPage {
  readonly url: string;
  close(): void;
}

/** `port` 0 takes a free one. Rejects where the port is not to be had. */
export async function servePage(port: number): Promise<ServedPage> {
  const page = await buildPage("usb");
  const server = createServer((request, response) => {
    // By no other name: nobody else's page gets this one for its own.
    const isHere = ["127.0.0.1", "localhost"].some((name) => request.headers.host === `${name}:${found()}`);
    const isPage = request.method === "GET" && request.url === "/";
    if (isHere && isPage) response.writeHead(200, headersOf(page)).end(page.gzipped);
    else response.writeHead(isHere ? 404 : 421).end();
  });
  const found = (): number => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : port;
  };
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${found()}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
