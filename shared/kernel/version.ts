// The version of plugpay: package.json's, where no device can read it. A test compares the two.

export const VERSION = "0.1.0";
