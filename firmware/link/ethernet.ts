// The dedicated link over Ethernet (or power-line): one fixed link-local address (RFC 3927), so
// nothing is searched and nothing is waited for. The SDK runs it before `main` as a set-up module;
// it returns at once.

import Ethernet from "embedded:network/interface/ethernet";
import config from "mc/config";
import tell from "plugpay/tell";
import Timer from "timer";

/** A PHY that does not answer is asked again after so long, in ms. */
const RETRY = 5000;

export default function setUp(done: () => void): void {
  // Nothing here may throw: nobody catches what a set-up module throws, and the chip restarts.
  const start = (): void => {
    try {
      const link = new Ethernet({});
      // The SDK's driver calls itself connected only with an IPv6 address too; nobody waits for
      // that here.
      link.configure({ static: { address: String(config.address), mask: "255.255.0.0", gateway: "0.0.0.0" } });
      link.connect();
    } catch (error) {
      tell("ethernet", error);
      Timer.set(start, RETRY);
    }
  };
  start();
  done();
}
