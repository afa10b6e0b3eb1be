// What a URL of a server in a configuration names.

export interface UrlParts {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Without a slash at its end. */
  readonly path: string;
}

/** Undefined where it is no URL of HTTP or HTTPS. */
export function urlParts(url: string): UrlParts | undefined {
  const form = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(\/[!-~]*)?$/;
  const [, scheme, host, port, path = ""] = form.exec(url) ?? [];
  const secure = scheme === "https";
  const number = port === undefined ? (secure ? 443 : 80) : Number(port);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host: host.replace(/[[\]]/g, ""), port: number, secure, path: path.replace(/\/+$/, "") };
}
