// The addresses that this device has on its link now.

// biome-ignore lint/style/useNodejsImportProtocol: it is Moddable's module, not Node's.
import Net from "net";
import { constant } from "../../shared/kernel/constant";

const LINKS = constant(["station", "ethernet"] as const);

/** None while there is no link. */
export function addresses(): readonly string[] {
  return found("IP");
}

/**
 * The hardware's address on its link, as six bytes in hexadecimal between colons; undefined before
 * there is one.
 */
export function hardwareAddress(): string | undefined {
  return found("MAC")[0];
}

function found(what: string): readonly string[] {
  // The SDK's types do not know the second parameter, which says of which link.
  const get = Net.get as (what: string, link: string) => string | undefined;
  const found: string[] = [];
  for (const link of LINKS) {
    try {
      const address = get(what, link);
      if (address) found.push(address);
    } catch {
      // A link that this board has not.
    }
  }
  return found;
}
