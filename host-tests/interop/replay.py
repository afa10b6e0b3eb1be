#!/usr/bin/env python3
"""Whole sessions from JSON (host-tests/vectors/protocol): this cable reads each answer as it went over the wire, audits
each offer, signs it, and must have made the same bytes. Signatures are those of RFC 6979, so two right cables agree.

    replay.py FILE...   a line for each payment that was taken: {"event": "replayed", "session": NAME, "increment", "same"}
"""

import json
import sys
import xmlrpc.client

sys.dont_write_bytecode = True

from cable import cable_of, options, say  # noqa: E402


def answer_of(call):
    """What xmlrpc.client makes of the answer; None for a fault, whose code must be the one on record."""
    try:
        (answer,), _ = xmlrpc.client.loads(call["answerXml"])
        if answer != call["result"]:
            raise ValueError(f"expected {call['result']}, got {answer}")
        return answer
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != call["fault"]["code"]:
            raise
        return None


def replay(vector):
    cable = cable_of(options().parse_args(["--key", vector["cable"]["secret"], "--network", vector["network"]]))
    if (cable.address, cable.script) != (vector["cable"]["address"], vector["cable"]["script"]):
        raise ValueError(f"expected {vector['cable']['address']}, got {cable.address}")
    offer, signed = None, {}
    for call in vector["calls"]:
        answer = answer_of(call)
        if answer is None:
            continue
        if call["method"] == "get_status":
            cable.status = answer
        elif call["method"] == "power_request":
            cable.limits["scheme"] = call["request"]["scheme"]
            cable.journal.resolve(answer)
            offer = answer
        elif call["method"] == "pay_transaction":
            number = call["request"]["increment"]
            which = (call["request"]["session"], number)
            # A repeated call asks for nothing new
            if which not in signed:
                signed[which], commitment = cable.sign(offer)
                commitment["acknowledged"] = True
            say("replayed", session=vector["name"], increment=number, same=signed[which] == call["request"]["transaction"])
            offer = answer.get("next")


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, encoding="utf8") as file:
            replay(json.load(file))
