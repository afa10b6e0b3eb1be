// What the tests use of the libraries: the same names over the untouched ones and over the wallet.

export { hmac } from "@noble/hashes/hmac.js";
export { ripemd160 } from "@noble/hashes/legacy.js";
export { sha256 } from "@noble/hashes/sha2.js";
export { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
export { bech32, bech32m } from "@scure/base";
export { RawTx } from "@scure/btc-signer/script.js";
export { ecdsa } from "../../shared/bitcoin/ecdsa";
