// Wi-Fi: joins the owner's network and joins it again when it was lost. The SDK runs it before `main` as a set-up module;
// it returns at once, and whoever calls before there is an address tries again.

import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import announce from "plugpay/announce";
import { drawSeed } from "plugpay/entropy";
import { restartPause } from "plugpay/restarts";
import tell from "plugpay/tell";
import Timer from "timer";

/** Between two tries, in ms: as long as an access point takes to think again. */
const RETRY = 2000;
/** The driver's `connection`: 400 joined, 500 with an address. */
const JOINED = 400;

export default function setUp(done: () => void): void {
  let link: WiFi | undefined;
  let announced = false;
  const again = (why: unknown): void => {
    tell("wifi", why);
    Timer.set(join, RETRY);
  };
  // Nothing here may throw: nobody catches what a set-up module or the driver's callback throws, and the chip restarts.
  const join = (): void => {
    try {
      link ??= new WiFi({ onChanged });
      link.connect({ SSID: String(config.ssid), password: String(config.password) });
    } catch (error) {
      again(error);
    }
  };
  const onChanged = (what: "connection" | "address"): void => {
    if (what === "address") tellAddress();
    else if (link && link.connection < JOINED) Timer.set(join, RETRY);
  };
  // Once: the SDK answers for the name from then on, and claiming it again throws.
  const tellAddress = (): void => {
    if (announced) return;
    try {
      announce();
      announced = true;
    } catch (error) {
      tell("announce", error);
    }
  };
  // The internal noise source must be off once the radio works.
  drawSeed();
  // What ended the last runs may have been the radio: its peaks of current bring a weak supply down.
  const pause = restartPause();
  if (pause > 0) Timer.set(join, pause);
  else join();
  done();
}
