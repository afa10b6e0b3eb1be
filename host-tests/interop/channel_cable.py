#!/usr/bin/env python3
"""The Python cable's way by channel, written from docs/protocol.md ("Channels") and docs/channel.md.

    channel_cable.py ...    opens a channel, or goes on with the one in its journal and pays so many increments
    channel_cable.py --close ...  has the socket close it

It remembers each channel in its journal before it signs for it: its terms, and the sum that it signed for last. Exit codes are
those of cable.py.
"""

import hashlib
import hmac
import sys

sys.dont_write_bytecode = True

import channel  # noqa: E402
import secp256k1  # noqa: E402
import segwit  # noqa: E402
from audit import MAX_INPUTS, Refused, at_most, money, name_of, require, same  # noqa: E402
from cable import cable_of, options, say, told  # noqa: E402

SCHEME = "channel"


class ChannelCable:
    def __init__(self, cable, deposit_sat, delay_limit):
        self.cable, self.deposit_sat, self.delay_limit = cable, deposit_sat, delay_limit
        self.secret, self.journal, self.limits = cable.secret, cable.journal, cable.limits
        self.key, self.script = secp256k1.public_key(cable.secret), cable.script

    def ticket(self):
        """16 bytes that only this cable knows, the same each time for the same payee."""
        text = f"plugpay ticket {self.payee}".encode("ascii")
        return hmac.new(self.secret.to_bytes(32, "big"), text, hashlib.sha256).hexdigest()[:32]

    def look(self):
        status = self.cable.call("get_status")
        require(SCHEME in status["schemes"] and "channel" in status, "the socket sells by channel")
        self.payee, self.terms = status["payee"], status["channel"]
        return status

    def request(self, **members):
        own = {"scheme": SCHEME, "cable_key": self.key.hex(), "ticket": self.ticket()}
        return self.cable.call("power_request", {**own, **members})

    # -------------------------------------------------------------- openings

    def audit_funding(self, offer):
        """Raises Refused, or gives what is fit to be signed: (record of the channel, inputs, outputs, name)."""
        payee_key, delay = bytes.fromhex(offer["payee_key"]), offer["delay_blocks"]
        inputs = [{**each, "amount_sat": money(each["amount_sat"])} for each in offer["inputs"]]
        deposit, fee = money(offer["deposit_sat"]), money(offer["fee_sat"])
        require(channel.is_point(payee_key), "the payee's key is a point of the curve", payee_key.hex())
        require(payee_key[1:] != self.key[1:], "the payee's key is not the cable's own", payee_key.hex())
        require(channel.MIN_DELAY <= delay <= channel.MAX_DELAY, "N is one that the protocol has", delay)
        at_most("limit of N, blocks", self.delay_limit, delay)
        require(offer["tx_version"] in (2, 3), "the closing's version is 2 or 3", offer["tx_version"])
        same("the deposit is the one asked for", self.deposit_sat, deposit)
        names = [name_of(spent) for spent in inputs]
        require(1 <= len(inputs) <= MAX_INPUTS and len(set(names)) == len(names), "1 to 5 different inputs", *names)
        for spent in inputs:
            name = name_of(spent)
            same(f"coin {name} keeps its amount", self.journal.coins.get(name, spent["amount_sat"]), spent["amount_sat"])
        total = sum(spent["amount_sat"] for spent in inputs)
        require(total >= deposit + fee, "the inputs cover deposit and fee", total)
        script = channel.witness_script(payee_key, self.key, delay)
        outputs = channel.funding_outputs(inputs, deposit, fee, script, payee_key, delay, self.script)
        at_most("fee limit, sat", self.limits["fee_sat"], total - sum(each["amount_sat"] for each in outputs))
        same("the funding is what its parts say", segwit.serialize(inputs, outputs).hex(), offer["transaction"])
        record = {
            "payee_key": offer["payee_key"],
            "delay_blocks": delay,
            "tx_version": offer["tx_version"],
            "deposit_sat": deposit,
            "paid_sat": 0,
            "payee": self.payee,
        }
        return record, inputs, outputs, names

    def sign_funding(self, offer):
        record, inputs, outputs, names = self.audit_funding(offer)
        for name, spent in zip(names, inputs):
            self.journal.coins.setdefault(name, spent["amount_sat"])
        txid = segwit.txid(inputs, outputs)
        self.journal.channels[txid] = record
        self.journal.save()
        return txid, segwit.serialize(inputs, outputs, segwit.sign(inputs, outputs, self.secret)).hex()

    def open(self):
        offer = self.request(deposit_sat=str(self.deposit_sat))
        if "transaction" not in offer:
            return self.adopt(offer)
        txid, funding = self.sign_funding(offer)
        self.cable.call("pay_transaction", {"funding": funding, "ticket": self.ticket()})
        say("funded", channel=txid, transaction=funding)
        return txid

    def adopt(self, offer):
        """After the journal is lost: the state that the socket shows, with this cable's own signature on it."""
        txid = offer["channel"]
        terms = ("payee_key", "delay_blocks", "tx_version")
        record = {name: offer[name] for name in terms}
        record.update(deposit_sat=money(offer["deposit_sat"]), paid_sat=money(offer["paid_sat"]), payee=self.payee)
        # Signatures are those of RFC 6979: the same state has the same one
        same("the socket shows this cable's own signature", self.half(txid, record), offer.get("half"))
        self.journal.channels[txid] = record
        self.journal.save()
        say("adopted", channel=txid, paid_sat=record["paid_sat"])
        return txid

    # -------------------------------------------------------------- increments

    def spent(self, txid, record):
        return {"txid": txid, "vout": 0, "amount_sat": record["deposit_sat"], "paid_sat": record["paid_sat"]}

    def witness_script(self, record):
        return channel.witness_script(bytes.fromhex(record["payee_key"]), self.key, record["delay_blocks"])

    def half(self, txid, record):
        script = self.witness_script(record)
        return channel.half(self.secret, self.spent(txid, record), script, record["tx_version"], self.script).hex()

    def refund(self, txid, fee_sat):
        record = self.journal.channels[txid]
        script = self.witness_script(record)
        spent = self.spent(txid, record)
        return channel.refund(self.secret, spent, script, record["delay_blocks"], fee_sat, self.script).hex()

    def sign(self, txid, pay_sat, price_msat_per_wh, energy_mwh):
        """The next increment; the sum is in the journal before the key is used."""
        record = self.journal.channels[txid]
        at_most("price limit, msat/Wh", self.limits["price_msat_per_wh"], price_msat_per_wh)
        at_most("increment limit, sat", self.limits["session_sat"], pay_sat)
        require(pay_sat >= 1, "an increment is worth something", pay_sat)
        bought = pay_sat * 1_000_000 // price_msat_per_wh
        require(energy_mwh >= bought, "the energy is worth the increment", f"{energy_mwh} mWh for {pay_sat} sat")
        left = record["deposit_sat"] - record["paid_sat"] - pay_sat
        require(left >= channel.DUST_SAT, "the change stays an output", left)
        record["paid_sat"] += pay_sat
        self.journal.save()
        paid = str(record["paid_sat"])
        return {"channel": txid, "paid_sat": paid, "half": self.half(txid, record), "ticket": self.ticket()}

    def visit(self, txid, **members):
        offer = self.request(channel=txid, **members)
        record = self.journal.channels[txid]
        say("visit", **{name: offer[name] for name in ("channel", "paid_sat", "pay_sat", "credit_mwh", "closing")})
        # What the socket has not heard is its loss; more than was signed it cannot have
        at_most("the socket has been paid", record["paid_sat"], money(offer["paid_sat"]))
        return offer

    def pay(self, txid, increments):
        offer = self.visit(txid)
        pay, energy, price = money(offer["pay_sat"]), money(offer["energy_mwh"]), offer["price_msat_per_wh"]
        for _ in range(increments):
            payment = self.sign(txid, pay, price, energy)
            answer = self.cable.call("pay_transaction", payment)
            say("paid", **{name: payment[name] for name in ("channel", "paid_sat", "half")}, **answer_of(answer))
            pay, energy = money(answer["pay_sat"]), money(answer["energy_mwh"])

    def run(self, increments, close):
        self.look()
        open_here = [txid for txid, record in self.journal.channels.items() if record["payee"] == self.payee]
        if not open_here:
            return self.open()
        if close:
            return self.visit(open_here[0], close=True)
        return self.pay(open_here[0], increments)


def answer_of(answer):
    return {name: answer[name] for name in ("state", "credited_mwh", "remaining_mwh")}


def channel_cable_of(given):
    return ChannelCable(cable_of(given), given.deposit, given.max_delay)


def channel_options():
    parser = options()
    parser.add_argument("--deposit", type=int, default=5_000, metavar="SAT")
    parser.add_argument("--max-delay", type=int, default=4_032, metavar="BLOCKS")
    parser.add_argument("--close", action="store_true", help="have the socket close the channel")
    return parser


def main():
    given = channel_options().parse_args()
    return told(given, lambda: channel_cable_of(given).run(given.increments, given.close))


if __name__ == "__main__":
    sys.exit(main())
