"""What a P2WPKH payer needs of Bitcoin: its script and address (BIP141, BIP173), transactions (BIP144) and what they sign (BIP143).

A transaction here is (inputs, outputs): inputs are dicts of txid, vout, amount_sat; outputs are dicts of script (hex), amount_sat.
"""

import hashlib

import secp256k1

VERSION = (2).to_bytes(4, "little")
LOCK_TIME = (0).to_bytes(4, "little")
SEQUENCE = bytes.fromhex("fdffffff")  # the number fffffffd, little endian: replaceable (BIP125)
SIGHASH_ALL = 1
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIXES = {"main": "bc", "test": "tb", "signet": "tb", "regtest": "bcrt"}


def sha256d(data):
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def hash160(data):
    return hashlib.new("ripemd160", hashlib.sha256(data).digest()).digest()


def script_of(public_key):
    """P2WPKH: version 0 and the 20-byte hash of the key."""
    return b"\x00\x14" + hash160(public_key)


def checksum(values):
    total = 1
    for value in values:
        top, total = total >> 25, (total & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            total ^= term if top >> bit & 1 else 0
    return total


def address_of(public_key, network):
    prefix = PREFIXES[network]
    number = int.from_bytes(hash160(public_key), "big")  # 160 bits are 32 groups of 5: no padding
    words = [0] + [number >> 5 * (31 - i) & 31 for i in range(32)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = checksum(spread + words + [0] * 6) ^ 1
    words += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return prefix + "1" + "".join(BECH32[word] for word in words)


def compact(number):
    """CompactSize of what a session can need: counts and lengths under 253."""
    assert number < 253
    return bytes([number])


def outpoint(spent):
    return bytes.fromhex(spent["txid"])[::-1] + spent["vout"].to_bytes(4, "little")


def output(paid):
    script = bytes.fromhex(paid["script"])
    return paid["amount_sat"].to_bytes(8, "little") + compact(len(script)) + script


def serialize(inputs, outputs, witnesses=None):
    """Without witnesses the old form, which is also the one that the transaction's id is of."""
    parts = [VERSION, b"\x00\x01" if witnesses else b"", compact(len(inputs))]
    parts += [outpoint(spent) + b"\x00" + SEQUENCE for spent in inputs]
    parts += [compact(len(outputs))] + [output(paid) for paid in outputs]
    for stack in witnesses or []:
        parts += [compact(len(stack))] + [compact(len(item)) + item for item in stack]
    return b"".join(parts) + LOCK_TIME


def txid(inputs, outputs):
    return sha256d(serialize(inputs, outputs))[::-1].hex()


def virtual_size(inputs, outputs):
    """Of the signed transaction, with 72-byte signatures (sighash byte counted)."""
    signed = serialize(inputs, outputs, [[bytes(72), bytes(33)] for _ in inputs])
    bare = serialize(inputs, outputs)
    return (3 * len(bare) + len(signed) + 3) // 4


def signature_hash(inputs, outputs, index, public_key, sighash=SIGHASH_ALL):
    """BIP143 for a P2WPKH input, SIGHASH_ALL."""
    spent = inputs[index]
    code = b"\x19\x76\xa9\x14" + hash160(public_key) + b"\x88\xac"
    return sha256d(
        VERSION
        + sha256d(b"".join(outpoint(each) for each in inputs))
        + sha256d(SEQUENCE * len(inputs))
        + outpoint(spent)
        + code
        + spent["amount_sat"].to_bytes(8, "little")
        + SEQUENCE
        + sha256d(b"".join(output(each) for each in outputs))
        + LOCK_TIME
        + sighash.to_bytes(4, "little")
    )


def sign(inputs, outputs, secret):
    """The witnesses of all inputs: [signature with sighash byte, public key] each."""
    key = secp256k1.public_key(secret)

    def witness(index):
        r, s = secp256k1.sign(secret, signature_hash(inputs, outputs, index, key))
        return [secp256k1.der(r, s) + bytes([SIGHASH_ALL]), key]

    return [witness(index) for index in range(len(inputs))]
