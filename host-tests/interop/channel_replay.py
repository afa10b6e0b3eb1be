#!/usr/bin/env python3
"""Whole sessions by channel from JSON (host-tests/vectors/channel): this cable reads each answer as it went over the wire, audits
the funding and signs it, signs each increment that was taken, and the refund; it must have made the same bytes.

    channel_replay.py FILE...   lines {"event": "replayed", "what", "same"}
"""

import json
import sys

sys.dont_write_bytecode = True

from audit import money  # noqa: E402
from cable import say  # noqa: E402
from channel_cable import channel_cable_of, channel_options  # noqa: E402
from replay import answer_of  # noqa: E402


def replay(vector):
    words = ["--key", vector["cable"]["secret"], "--network", vector["network"]]
    cable = channel_cable_of(channel_options().parse_args(words))
    txid = None

    def check(what, expected, made):
        say("replayed", what=what, same=expected == made)

    for call in vector["calls"]:
        answer, request = answer_of(call), call["request"]
        if answer is None:
            continue
        if call["method"] == "get_status":
            cable.payee, cable.terms = answer["payee"], answer["channel"]
        elif call["method"] == "power_request":
            check("ticket", request["ticket"], cable.ticket())
            if "transaction" in answer:
                txid, funding = cable.sign_funding(answer)
            elif "half" in answer:
                check("state", answer["half"], cable.half(txid, cable.journal.channels[txid]))
        elif "funding" in request:
            check("funding", request["funding"], funding)
        else:
            # A repeated call asks for nothing new
            record = cable.journal.channels[txid]
            if money(request["paid_sat"]) > record["paid_sat"]:
                pay = money(request["paid_sat"]) - record["paid_sat"]
                payment = cable.sign(txid, pay, 300, money(answer["credited_mwh"]))
                check("increment", request["half"], payment["half"])
    check("script", vector["script"], cable.witness_script(cable.journal.channels[txid]).hex())
    check("refund", vector["refund"]["hex"], cable.refund(txid, vector["refund"]["fee"]))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, encoding="utf8") as file:
            replay(json.load(file))
