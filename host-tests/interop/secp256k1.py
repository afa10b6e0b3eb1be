"""ECDSA over secp256k1 (SEC 2) for a payer: public key, and signatures with RFC 6979's nonces, low S (BIP146), strict DER (BIP66).

Small and plain on purpose, and not in constant time: it signs regtest coins in tests.
"""

import hashlib
import hmac

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def add(a, b):
    """Sum of two affine points; None is the point at infinity."""
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar, point):
    product = None
    while scalar:
        if scalar & 1:
            product = add(product, point)
        point = add(point, point)
        scalar >>= 1
    return product


def public_key(secret):
    """33 bytes, compressed."""
    x, y = multiply(secret, G)
    return bytes([2 + y % 2]) + x.to_bytes(32, "big")


def nonces(secret, digest):
    """RFC 6979, section 3.2, with SHA-256: candidates for k, the first one nearly always good."""
    message = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    seed = secret.to_bytes(32, "big") + message
    key, value = b"\x00" * 32, b"\x01" * 32

    def mac(data):
        return hmac.new(key, data, hashlib.sha256).digest()

    key = mac(value + b"\x00" + seed)
    value = mac(value)
    key = mac(value + b"\x01" + seed)
    value = mac(value)
    while True:
        value = mac(value)
        k = int.from_bytes(value, "big")
        if 0 < k < N:
            yield k
        key = mac(value + b"\x00")
        value = mac(value)


def sign(secret, digest):
    """(r, s) of a 32-byte digest, s at most N / 2."""
    for k in nonces(secret, digest):
        r = multiply(k, G)[0] % N
        s = pow(k, -1, N) * (int.from_bytes(digest, "big") + r * secret) % N
        if r and s:
            return r, min(s, N - s)


def der(r, s):
    def integer(value):
        body = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02" + bytes([len(body)]) + body

    body = integer(r) + integer(s)
    return b"\x30" + bytes([len(body)]) + body
