#!/usr/bin/env python3
"""A smart cable in plain Python, written from docs/protocol.md, docs/faults.md and the BIPs alone: proof that the pages suffice.

It has no meter and no relay, so it cannot tell when energy runs low by itself. With --ahead it pays one increment after
the other; without, it waits for the socket's flag before each. One line of JSON a thing done; exit 1 where it refuses an
offer, 2 where the socket answers with a fault, 3 where nobody answers.
"""

import argparse
import datetime
import http.client
import json
import sys
import xmlrpc.client

sys.dont_write_bytecode = True

import secp256k1  # noqa: E402
import segwit  # noqa: E402
from audit import Refused, audit, money  # noqa: E402
from journal import Journal  # noqa: E402

WAIT_MS = 25_000
ATTEMPTS = 3
# The draft was replaced by another: ask for that one (docs/faults.md)
WRONG_INCREMENT = 106


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class Cable:
    def __init__(self, socket, secret, network, limits, journal):
        self.socket, self.secret, self.limits, self.journal = socket, secret, limits, journal
        key = secp256k1.public_key(secret)
        self.address = segwit.address_of(key, network)
        self.script = segwit.script_of(key).hex()

    def call(self, method, *parameters):
        """Calls may be repeated: a lost reply costs nothing."""
        for attempt in range(ATTEMPTS):
            try:
                return getattr(self.socket, method)(*parameters)
            except (OSError, http.client.HTTPException):
                if attempt == ATTEMPTS - 1:
                    raise

    def open(self):
        # The socket may ask the chain for this address's coins meanwhile
        self.status = self.call("get_status", {"address": self.address, "scheme": self.limits["scheme"]})
        say("status", address=self.address, **self.status)
        return self.request()

    def request(self):
        offer = self.call("power_request", {"address": self.address, "scheme": self.limits["scheme"]})
        self.journal.resolve(offer)
        return offer

    def sign(self, offer):
        """The signed transaction of an offer and its commitment, in the journal before the key is used. Raises Refused."""
        day = datetime.date.today().isoformat()
        draft = audit(offer, self.status, self.journal, self.script, self.limits, day)
        say("offer", **{name: value for name, value in offer.items() if name not in ("inputs", "outputs")})
        commitment = {name: draft[name] for name in ("value_sat", "fee_sat", "bought_sat")}
        commitment.update(increment=offer["increment"], inputs=draft["names"], acknowledged=False)
        commitment["txid"] = segwit.txid(draft["inputs"], draft["outputs"])
        self.remember(offer, draft, commitment, day)
        witnesses = segwit.sign(draft["inputs"], draft["outputs"], self.secret)
        return segwit.serialize(draft["inputs"], draft["outputs"], witnesses).hex(), commitment

    def remember(self, offer, draft, commitment, day):
        terms = {name: offer[name] for name in ("scheme", "session_max_sat", "expiry_height")}
        opened = {**terms, **draft["terms"], "payee": draft["payee"], "inputs": draft["names"], "commitments": []}
        session = self.journal.sessions.setdefault(offer["session"], opened)
        session["commitments"].append(commitment)
        for name, spent in zip(draft["names"], draft["inputs"]):
            self.journal.coins.setdefault(name, spent["amount_sat"])
        self.journal.days[day] = self.journal.days.get(day, 0) + draft["day_sat"]
        self.journal.save()

    def pay(self, offer):
        """Audits, signs and sends one increment; the socket's answer."""
        transaction, commitment = self.sign(offer)
        answer = self.call(
            "pay_transaction",
            {"session": offer["session"], "increment": offer["increment"], "transaction": transaction},
        )
        commitment["acknowledged"] = True
        self.journal.save()
        facts = {name: commitment[name] for name in ("increment", "txid", "value_sat", "fee_sat")}
        facts.update((name, answer[name]) for name in ("state", "credited_mwh", "remaining_mwh"))
        say("paid", **facts, transaction=transaction, broadcast=answer.get("txid"))
        return answer

    def wait_until_due(self):
        """In standby the flag is off: nothing is left, and that is reason enough."""
        status = self.call("get_status")
        while not status["renewal_due"] and status["remaining_mwh"] != "0":
            status = self.call("get_status", {"wait_ms": WAIT_MS})

    def run(self, increments, ahead):
        """Pays until so many increments of energy are bought, or the session is at its maximum."""
        offer = self.open()
        bought = 0
        asked_again = 0
        while offer and bought < increments:
            if not ahead:
                self.wait_until_due()
            try:
                answer = self.pay(offer)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != WRONG_INCREMENT or asked_again == ATTEMPTS:
                    raise
                asked_again += 1
                offer = self.request()
                continue
            bought += money(offer["energy_mwh"]) > 0
            offer = answer.get("next")
        say("done", increments=bought)


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--socket", default="127.0.0.1:8420", metavar="HOST:PORT")
    parser.add_argument("--key", required=True, metavar="HEX", help="32 bytes of secret key")
    parser.add_argument("--network", default="regtest", choices=sorted(segwit.PREFIXES))
    parser.add_argument("--scheme", default="single-fee", choices=["single-fee", "basic"])
    parser.add_argument("--increments", type=int, default=1)
    parser.add_argument("--ahead", action="store_true", help="pay without waiting until energy runs low")
    parser.add_argument("--journal", metavar="FILE", help="remember coins and commitments in FILE")
    parser.add_argument("--address", action="store_true", help="print the key's address and end")
    limits = parser.add_argument_group("what the owner allows")
    limits.add_argument("--max-price", type=int, default=500_000, metavar="MSAT_PER_WH")
    limits.add_argument("--max-fee", type=int, default=5_000, metavar="SAT", help="of one transaction")
    limits.add_argument("--max-fee-rate", type=int, default=20_000, metavar="MSAT_PER_VB")
    limits.add_argument("--max-fee-share", type=int, default=500, metavar="PERMILLE", help="of the payment")
    limits.add_argument("--max-session", type=int, default=200_000, metavar="SAT")
    limits.add_argument("--max-day", type=int, default=500_000, metavar="SAT")
    return parser


def cable_of(given):
    limits = {
        "scheme": given.scheme,
        "price_msat_per_wh": given.max_price,
        "fee_sat": given.max_fee,
        "fee_rate_msat_per_vb": given.max_fee_rate,
        "fee_share_permille": given.max_fee_share,
        "session_sat": given.max_session,
        "day_sat": given.max_day,
    }
    socket = xmlrpc.client.ServerProxy(f"http://{given.socket}/RPC2")
    return Cable(socket, int(given.key, 16), given.network, limits, Journal(given.journal))


def told(given, run):
    """Runs it, tells what ended it, and gives the exit code."""
    try:
        run()
    except Refused as refusal:
        say("refused", why=str(refusal))
        return 1
    except xmlrpc.client.Fault as fault:
        say("fault", code=fault.faultCode, string=fault.faultString)
        return 2
    except (OSError, http.client.HTTPException) as error:
        say("unreachable", socket=given.socket, why=str(error))
        return 3
    return 0


def main():
    given = options().parse_args()
    cable = cable_of(given)
    if given.address:
        print(cable.address)
        return 0
    return told(given, lambda: cable.run(given.increments, given.ahead))


if __name__ == "__main__":
    sys.exit(main())
