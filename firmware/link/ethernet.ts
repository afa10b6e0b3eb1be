// The dedicated link over Ethernet (or power-line): one fixed link-local address (RFC 3927), so nothing is searched and
// nothing is waited for. The SDK runs it before `main` as a set-up module; it returns at once.

import Ethernet from "embedded:network/interface/ethernet";
import config from "mc/config";

export default function setUp(done: () => void): void {
  const link = new Ethernet({});
  // The SDK's driver calls itself connected only with an IPv6 address too; nobody waits for that here.
  link.configure({ static: { address: String(config.address), mask: "255.255.0.0", gateway: "0.0.0.0" } });
  link.connect();
  done();
}
