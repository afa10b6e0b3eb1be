// Wi-Fi: joins the owner's network and joins it again when it was lost. The SDK runs it before `main` as a set-up module;
// it returns at once, and whoever calls before there is an address tries again.

import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import announce from "plugpay/announce";
import Timer from "timer";

/** Between two tries, in ms: as long as an access point takes to think again. */
const RETRY = 2000;
/** The driver's `connection`: 400 joined, 500 with an address. */
const JOINED = 400;

export default function setUp(done: () => void): void {
  const join = (): void => link.connect({ SSID: String(config.ssid), password: String(config.password) });
  const link = new WiFi({
    onChanged(what) {
      if (what === "address") announce();
      else if (link.connection < JOINED) Timer.set(join, RETRY);
    },
  });
  join();
  done();
}
