#!/usr/bin/env python3
"""Lies by channel: of a cable, told to a socket, and of a socket, told to this cable. Options are those of channel_cable.py.

    channel_lies.py socket ...  for each false funding why the cable refuses to sign it; then it signs the honest one
    channel_lies.py cable ...   visits its channel; for each false increment the fault that came; then one honest increment
"""

import sys
import xmlrpc.client

sys.dont_write_bytecode = True

import channel  # noqa: E402
import secp256k1  # noqa: E402
import segwit  # noqa: E402
from audit import Refused, money  # noqa: E402
from cable import say  # noqa: E402
from channel_cable import channel_cable_of, channel_options  # noqa: E402

OTHER_KEY = 7


def funding_lies(offer, cable):
    """Name of the lie -> proposal in the socket's favour, its bytes rebuilt to match."""
    inputs = [{**each, "amount_sat": money(each["amount_sat"])} for each in offer["inputs"]]

    def altered(payee_key=offer["payee_key"], delay=offer["delay_blocks"], deposit=money(offer["deposit_sat"]), fee=0):
        fee += money(offer["fee_sat"])
        key = bytes.fromhex(payee_key)
        script = channel.witness_script(key, cable.key, delay)
        outputs = channel.funding_outputs(inputs, deposit, fee, script, key, delay, cable.script)
        return {
            **offer,
            **{"payee_key": payee_key, "delay_blocks": delay, "deposit_sat": str(deposit), "fee_sat": str(fee)},
            "transaction": segwit.serialize(inputs, outputs).hex(),
        }

    sign = {"02": "03", "03": "02"}[cable.key.hex()[:2]]
    return {
        "the cable's own key": altered(payee_key=cable.key.hex()),
        "the cable's own key with the other sign": altered(payee_key=sign + cable.key.hex()[2:]),
        "a key off the curve": altered(payee_key="02" + "00" * 31 + "05"),
        "a longer delay": altered(delay=offer["delay_blocks"] + 1),
        "no delay": altered(delay=1),
        "a larger deposit": altered(deposit=money(offer["deposit_sat"]) + 1),
        "a larger fee": altered(fee=5_001),
        "says one thing and proposes another": {**offer, "transaction": altered(delay=2_016)["transaction"]},
        "a version without relative lock times": {**offer, "tx_version": 1},
    }


def lie_to_cable(cable):
    cable.look()
    offer = cable.request(deposit_sat=str(cable.deposit_sat))
    for lie, false in funding_lies(offer, cable).items():
        try:
            cable.sign_funding(false)
            say("believed", lie=lie)
        except Refused as refusal:
            say("refused", lie=lie, why=str(refusal))
    txid, funding = cable.sign_funding(offer)
    say("signed", channel=txid)


def lie_to_socket(cable):
    def try_out(lie, method, *parameters):
        try:
            getattr(cable.cable.socket, method)(*parameters)
            say("believed", lie=lie)
        except xmlrpc.client.Fault as fault:
            say("fault", lie=lie, code=fault.faultCode, string=fault.faultString)

    cable.look()
    [txid] = cable.journal.channels
    offer = cable.visit(txid)
    record = cable.journal.channels[txid]
    good = cable.sign(txid, money(offer["pay_sat"]), offer["price_msat_per_wh"], money(offer["energy_mwh"]))
    script = cable.witness_script(record)
    spent = cable.spent(txid, record)

    def half_of(secret=cable.secret, version=record["tx_version"], **changes):
        return channel.half(secret, {**spent, **changes}, script, version, cable.script).hex()

    request = {"scheme": "channel", "cable_key": cable.key.hex(), "channel": txid}
    try_out("asks without its ticket", "power_request", {**request, "ticket": "00" * 16})
    try_out("pays without its ticket", "pay_transaction", {**good, "ticket": "00" * 16})
    try_out("another channel", "pay_transaction", {**good, "channel": "ab" * 32})
    try_out("signed for less", "pay_transaction", {**good, "half": half_of(paid_sat=spent["paid_sat"] - 1)})
    try_out("signed by another key", "pay_transaction", {**good, "half": half_of(secret=OTHER_KEY)})
    try_out("signed for another version", "pay_transaction", {**good, "half": half_of(version=2)})
    try_out("signed over another amount", "pay_transaction", {**good, "half": half_of(amount_sat=spent["amount_sat"] + 1)})
    try_out("sighash ALL", "pay_transaction", {**good, "half": good["half"][:-2] + "01"})
    # With a large r as well, it would be longer than any signature that nodes relay
    sum_sat, r, s = next(
        (sum_sat, r, s)
        for sum_sat in range(spent["paid_sat"], spent["amount_sat"])
        for r, s in [read_der(bytes.fromhex(half_of(paid_sat=sum_sat))[:-1])]
        if r < 1 << 255
    )
    high = secp256k1.der(r, secp256k1.N - s).hex() + "83"
    try_out("high s", "pay_transaction", {**good, "paid_sat": str(sum_sat), "half": high})
    everything = spent["amount_sat"]
    try_out("leaves no change", "pay_transaction", {**good, "paid_sat": str(everything), "half": good["half"]})
    answer = cable.cable.call("pay_transaction", good)
    say("paid", paid_sat=good["paid_sat"], credited_mwh=answer["credited_mwh"])


def read_der(signature):
    """(r, s) of a signature that is known to be good."""
    length = signature[3]
    return int.from_bytes(signature[4 : 4 + length], "big"), int.from_bytes(signature[6 + length :], "big")


if __name__ == "__main__":
    side = sys.argv.pop(1)
    {"cable": lie_to_socket, "socket": lie_to_cable}[side](channel_cable_of(channel_options().parse_args()))
