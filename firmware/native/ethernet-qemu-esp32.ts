// The module "plugpay/ethernet-qemu" (ethernet-qemu-esp32.c): the network card that Espressif's
// QEMU gives its chips.

/** Brings it up with a fixed address. Throws where there is none. */
export default function startEthernet(this: unknown, address: string, mask: string): void {
  native("plugpay_qemu_ethernet").call(this, address, mask);
}
