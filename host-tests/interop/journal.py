"""What a cable must not forget, in memory or in a file that is replaced whole and synced at each change.

coins     "txid:vout" -> its amount in satoshi when it was first signed for
sessions  id -> {payee, scheme, increment_sat, price_msat_per_wh, session_max_sat, expiry_height, inputs: ["txid:vout"],
          commitments}; a commitment is {increment, txid, inputs, value_sat, fee_sat, bought_sat, acknowledged}, in the
          order in which they were signed
days      ISO date -> satoshi promised on it, fees included
channels  funding's id -> {payee_key, delay_blocks, tx_version, deposit_sat, paid_sat, payee}, paid_sat by what was signed last
"""

import json
import os

SESSION_BLOCKS = 144


class Journal:
    def __init__(self, path=None):
        self.path = path
        self.coins, self.sessions, self.days, self.channels = {}, {}, {}, {}
        if path and os.path.exists(path):
            with open(path, encoding="ascii") as file:
                vars(self).update(json.load(file))

    def save(self):
        if not self.path:
            return
        record = {name: value for name, value in vars(self).items() if name != "path"}
        with open(self.path + ".new", "w", encoding="ascii") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)

    def resolve(self, offer):
        """Finds out from an offer whether the payment that nobody answered was taken."""
        spent = {each["txid"] for each in offer["inputs"]}
        for id, session in self.sessions.items():
            last = session["commitments"][-1]
            if last["acknowledged"]:
                continue
            ahead = offer["session"] == id and offer["increment"] == last["increment"] + 1
            last["acknowledged"] = ahead or last["txid"] in spent

    def accepted(self, id):
        """The commitments of a session that its socket has taken, the last one last."""
        session = self.sessions.get(id)
        return [each for each in session["commitments"] if each["acknowledged"]] if session else []

    def others(self, id):
        return [session for other, session in self.sessions.items() if other != id]


def mined(session, names):
    """The commitment whose change is among the coins `names`: that one was mined, or is on its way."""
    return next((each for each in session["commitments"] if f"{each['txid']}:1" in names), None)


def coins_of(session):
    return {name for each in session["commitments"] for name in each["inputs"]}
