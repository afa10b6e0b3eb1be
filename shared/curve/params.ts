// secp256k1 (SEC 2, version 2, section 2.4.1): y^2 = x^3 + 7 over the integers modulo P. A test
// holds these against what @noble/curves and @noble/secp256k1 say; neither exports them without the
// rest of its curve.

/** The field's prime, 2^256 - 2^32 - 977. */
export const P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;

/** How many points there are, a prime too. */
export const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The largest low s (BIP146). */
export const HALF_N = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** The base point. */
export const GX = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
export const GY = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n;
