// The module "plugpay/display" on a device that has one: an SSD1306 on the SDK's I2C. An image
// without a display has no-display.ts in its place, and no I2C.

import I2C from "embedded:io/i2c";

const ADDRESS = 0x3c;
const HZ = 400_000;
/** What follows is a command, or what is shown. */
const COMMAND = 0x00;
const DATA = 0x40;

/**
 * Solomon Systech's SSD1306 (rev. 1.5), section 4.4 of its application note: 128 x 64, its own
 * voltage, page by page.
 */
const SET_UP = Object.freeze([
  ...[0xae, 0xd5, 0x80, 0xa8, 0x3f, 0xd3, 0x00, 0x40],
  // 7.5 V from 3.3 V; page addressing; the first column left, the first row on top.
  ...[0x8d, 0x14, 0x20, 0x02, 0xa1, 0xc8],
  // A third of its brightness: it is lit for years.
  ...[0xda, 0x12, 0x81, 0x55, 0xd9, 0xf1, 0xdb, 0x40, 0xa4, 0xa6, 0xaf],
]);

export default class Display {
  private readonly wire: I2C;

  /** Throws where nothing answers at its address. */
  constructor(data: number, clock: number) {
    this.wire = new I2C({ data, clock, hz: HZ, address: ADDRESS });
    this.wire.write(Uint8Array.of(COMMAND, ...SET_UP));
  }

  /** One of eight pages, 128 bytes. */
  page(index: number, bytes: Uint8Array): void {
    this.wire.write(Uint8Array.of(COMMAND, 0xb0 | index, 0x00, 0x10));
    const sent = new Uint8Array(1 + bytes.length);
    sent[0] = DATA;
    sent.set(bytes, 1);
    this.wire.write(sent);
  }
}
