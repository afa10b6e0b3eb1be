// The module "plugpay/display" of an image that has none.

export default class Display {
  constructor(_data: number, _clock: number) {
    throw new Error("this image has no display");
  }

  page(_index: number, _bytes: Uint8Array): void {}
}
