"""What a payer by channel needs beside segwit.py, from docs/channel.md: the deposit's script, the funding, the half of a closing
(BIP143, SINGLE|ANYONECANPAY), and the refund (BIP68, BIP112)."""

import hashlib

import secp256k1
import segwit

DUST_SAT = 294
MIN_DELAY, MAX_DELAY = 2_016, 32_767
SINGLE_ANYONECANPAY = 0x83
CHECKSIG, NOTIF, VERIFY, ENDIF, CHECKSEQUENCEVERIFY = b"\xac", b"\x64", b"\x69", b"\x68", b"\xb2"


def push(data):
    return bytes([len(data)]) + data


def is_point(key):
    """Compressed, and its x on the curve."""
    if len(key) != 33 or key[0] not in (2, 3):
        return False
    x = int.from_bytes(key[1:], "big")
    square = (x**3 + 7) % secp256k1.P
    return x < secp256k1.P and pow(square, (secp256k1.P - 1) // 2, secp256k1.P) == 1


def witness_script(payee_key, cable_key, delay):
    # N has two bytes whatever it is, least first, and its top bit is never set
    older = NOTIF + push(delay.to_bytes(2, "little")) + CHECKSEQUENCEVERIFY + VERIFY + ENDIF
    return push(payee_key) + CHECKSIG + older + push(cable_key) + CHECKSIG


def deposit_script(script):
    return b"\x00\x20" + hashlib.sha256(script).digest()


def funding_outputs(inputs, deposit_sat, fee_sat, script, payee_key, delay, own_script):
    change = sum(spent["amount_sat"] for spent in inputs) - deposit_sat - fee_sat
    outputs = [
        {"script": deposit_script(script).hex(), "amount_sat": deposit_sat},
        {"script": (b"\x6a" + push(payee_key + delay.to_bytes(2, "little"))).hex(), "amount_sat": 0},
    ]
    return outputs + ([{"script": own_script, "amount_sat": change}] if change >= DUST_SAT else [])


def half(secret, spent, script, version, own_script):
    """The cable's signature over its change, `spent["amount_sat"]` less what is paid: over input 0 and output 0 alone."""
    change = {"script": own_script, "amount_sat": spent["amount_sat"] - spent["paid_sat"]}
    digest = segwit.sha256d(
        version.to_bytes(4, "little")
        + bytes(32)  # hashPrevouts and hashSequence: any other input may come along
        + bytes(32)
        + segwit.outpoint(spent)
        + push(script)
        + spent["amount_sat"].to_bytes(8, "little")
        + segwit.SEQUENCE
        + segwit.sha256d(segwit.output(change))
        + segwit.LOCK_TIME
        + SINGLE_ANYONECANPAY.to_bytes(4, "little")
    )
    return secp256k1.der(*secp256k1.sign(secret, digest)) + bytes([SINGLE_ANYONECANPAY])


def refund(secret, spent, script, delay, fee_sat, own_script):
    """By the cable alone, in a block `delay` blocks after the funding's or later."""
    outputs = [{"script": own_script, "amount_sat": spent["amount_sat"] - fee_sat}]
    sequence = delay.to_bytes(4, "little")
    digest = segwit.sha256d(
        segwit.VERSION
        + segwit.sha256d(segwit.outpoint(spent))
        + segwit.sha256d(sequence)
        + segwit.outpoint(spent)
        + push(script)
        + spent["amount_sat"].to_bytes(8, "little")
        + sequence
        + segwit.sha256d(segwit.output(outputs[0]))
        + segwit.LOCK_TIME
        + segwit.SIGHASH_ALL.to_bytes(4, "little")
    )
    own = secp256k1.der(*secp256k1.sign(secret, digest)) + bytes([segwit.SIGHASH_ALL])
    bare = segwit.serialize([spent], outputs).replace(segwit.SEQUENCE, sequence, 1)
    # The empty signature stands for the payee's, and so picks the branch
    stack = bytes([3]) + push(own) + b"\x00" + push(script)
    return bare[:4] + b"\x00\x01" + bare[4:-4] + stack + segwit.LOCK_TIME
