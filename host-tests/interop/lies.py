#!/usr/bin/env python3
"""Lies of a cable, told one after the other to a socket, lies of a socket, told to this cable, and crashes of this cable.

    lies.py cable ...   each line: the lie and the fault that came for it; then one honest payment, which must still work
    lies.py socket ...  each line: the lie and why the cable refused to sign it; then the honest offer, which it signs
    lies.py crash ...   forgets all but its journal between signing and sending, then between sending and the answer

Options are those of cable.py.
"""

import sys
import xmlrpc.client

sys.dont_write_bytecode = True

import secp256k1  # noqa: E402
import segwit  # noqa: E402
from audit import Refused, read  # noqa: E402
from cable import cable_of, options, say  # noqa: E402
from journal import Journal  # noqa: E402

OTHER_KEY = 7


def transaction_lies(offer, secret):
    """Name of the lie -> transaction in its favour, signed well but for what the name says."""
    inputs, outputs = read(offer)
    own = secp256k1.public_key(secret)
    honest = segwit.sign(inputs, outputs, secret)

    def signed(outputs=outputs, inputs=inputs, witnesses=None):
        return segwit.serialize(inputs, outputs, witnesses or segwit.sign(inputs, outputs, secret))

    def paying(socket=0, change=0):
        return [
            {**outputs[0], "amount_sat": outputs[0]["amount_sat"] + socket},
            {**outputs[1], "amount_sat": outputs[1]["amount_sat"] + change},
        ]

    def with_signature(make):
        digest = segwit.signature_hash(inputs, outputs, 0, own)
        return signed(witnesses=[[make(*secp256k1.sign(secret, digest)), own]] + honest[1:])

    elsewhere = [{**inputs[0], "vout": inputs[0]["vout"] + 1}] + inputs[1:]
    other_amount = [{**inputs[0], "amount_sat": inputs[0]["amount_sat"] - 1}] + inputs[1:]
    other_witness = segwit.sign(inputs, outputs, OTHER_KEY)
    return {
        "cut short": signed()[:-1],
        "another coin": signed(inputs=elsewhere),
        "pays itself": signed([{**outputs[0], "script": outputs[1]["script"]}, outputs[1]]),
        "pays a satoshi less": signed(paying(socket=-1, change=+1)),
        "change to another script": signed([outputs[0], {**outputs[1], "script": outputs[0]["script"]}]),
        "pays less fee": signed(paying(change=+1)),
        "not replaceable": signed().replace(segwit.SEQUENCE, b"\xff\xff\xff\xff", 1),
        "signed for another amount": signed(witnesses=segwit.sign(other_amount, outputs, secret)),
        "sighash NONE": with_signature(lambda r, s: secp256k1.der(r, s) + b"\x02"),
        "high s": with_signature(lambda r, s: secp256k1.der(r, secp256k1.N - s) + b"\x01"),
        "another key": signed(witnesses=other_witness),
    }


def lie_to_socket(cable):
    def try_out(lie, method, *parameters):
        try:
            getattr(cable.socket, method)(*parameters)
            say("believed", lie=lie)
        except xmlrpc.client.Fault as fault:
            say("fault", lie=lie, code=fault.faultCode, string=fault.faultString)

    scheme = cable.limits["scheme"]
    mainnet = segwit.address_of(secp256k1.public_key(cable.secret), "main")
    penniless = segwit.address_of(secp256k1.public_key(OTHER_KEY), "regtest")
    try_out("no such method", "free_power")
    try_out("no parameters", "power_request")
    try_out("unknown member", "power_request", {"address": cable.address, "scheme": scheme, "hurry": True})
    try_out("address of another network", "power_request", {"address": mainnet, "scheme": scheme})
    try_out("unknown scheme", "power_request", {"address": cable.address, "scheme": "promises"})
    try_out("no coins", "power_request", {"address": penniless, "scheme": scheme})

    first = cable.open()
    offer = cable.pay(first)["next"]
    number, session = offer["increment"], offer["session"]
    good = segwit.serialize(*read(offer), segwit.sign(*read(offer), cable.secret)).hex()
    pay = {"session": session, "increment": number, "transaction": good}
    try_out("no such session", "pay_transaction", {**pay, "session": "00" * 16})
    try_out("an increment ahead", "pay_transaction", {**pay, "increment": number + 1})
    for lie, transaction in transaction_lies(offer, cable.secret).items():
        try_out(lie, "pay_transaction", {**pay, "transaction": transaction.hex()})
    cable.pay(offer)
    try_out("an earlier commitment anew", "pay_transaction", {**pay, "increment": first["increment"]})


def offer_lies(offer):
    """Name of the lie -> offer in the socket's favour, consistent in itself but for what the name says."""

    def altered(mend, **members):
        inputs, outputs = read(offer)
        fee = mend(inputs, outputs) or 0
        return {
            **offer,
            "inputs": [{**each, "amount_sat": str(each["amount_sat"])} for each in inputs],
            "outputs": [{**each, "amount_sat": str(each["amount_sat"])} for each in outputs],
            "fee_sat": str(int(offer["fee_sat"]) + fee),
            "transaction": segwit.serialize(inputs, outputs).hex(),
            **members,
        }

    def move(satoshi):
        def mend(_, outputs):
            outputs[0]["amount_sat"] += satoshi
            outputs[1]["amount_sat"] -= satoshi

        return mend

    def keep_change(inputs, outputs):
        return outputs.pop()["amount_sat"]

    def take_change(_, outputs):
        outputs[1]["script"] = outputs[0]["script"]

    def burn(_, outputs):
        outputs[1]["amount_sat"] -= 20_000
        return 20_000

    def belittle(inputs, outputs):
        inputs[0]["amount_sat"] -= 1_000
        return -1_000

    def payee(_, outputs):
        outputs[0]["script"] = "0014" + "11" * 20

    def burn_all(_, outputs):
        outputs[0]["script"] = "6a"

    def other_coin(inputs, _):
        inputs[0]["vout"] += 1

    def nothing(_inputs, _outputs):
        pass

    return {
        "charges a satoshi more": altered(move(1)),
        "charges arrears that nobody owes": altered(move(500), arrears_sat="500"),
        "sells less energy": altered(nothing, energy_mwh=str(int(offer["energy_mwh"]) - 1)),
        "keeps the change": altered(take_change),
        "drops the change": altered(keep_change),
        "burns a fee": altered(burn),
        "belittles a coin": altered(belittle),
        "another payee": altered(payee),
        "another coin": altered(other_coin),
        "pays nobody in particular": altered(burn_all),
        "changes the maximum": altered(nothing, session_max_sat=str(int(offer["session_max_sat"]) + 1)),
        "skips a number": altered(nothing, increment=offer["increment"] + 1),
        "says one thing and drafts another": {**offer, "transaction": altered(move(1))["transaction"]},
    }


def lie_to_cable(cable):
    offer = cable.pay(cable.open())["next"]
    for lie, false in offer_lies(offer).items():
        try:
            cable.sign(false)
            say("believed", lie=lie)
        except Refused as refusal:
            say("refused", lie=lie, why=str(refusal))
    cable.pay(offer)


def crash(cable):
    cable.sign(cable.open())
    cable.journal = Journal(cable.journal.path)

    offer = cable.request()
    transaction, _ = cable.sign(offer)
    payment = {"session": offer["session"], "increment": offer["increment"], "transaction": transaction}
    answers = [cable.call("pay_transaction", payment) for _ in range(2)]
    say("unheard", increment=offer["increment"], credited_mwh=[answer["credited_mwh"] for answer in answers])
    cable.journal = Journal(cable.journal.path)

    cable.pay(cable.request())


if __name__ == "__main__":
    side = sys.argv.pop(1)
    {"cable": lie_to_socket, "socket": lie_to_cable, "crash": crash}[side](cable_of(options().parse_args()))
