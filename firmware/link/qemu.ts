// The dedicated link in the emulator: QEMU's own network card, with the fixed address that Ethernet
// has on a board. The SDK runs it before `main` as a set-up module; it returns at once.

import config from "mc/config";
import startEthernet from "plugpay/ethernet-qemu";
import tell from "plugpay/tell";

export default function setUp(done: () => void): void {
  // Nothing here may throw: nobody catches what a set-up module throws, and the chip restarts.
  try {
    startEthernet(String(config.address), "255.255.0.0");
  } catch (error) {
    tell("ethernet", error);
  }
  done();
}
