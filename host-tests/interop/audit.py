"""The cable's checks of an offer, as docs/protocol.md numbers them ("What the cable checks"). Each refusal is a sentence with the facts."""

import segwit
from journal import SESSION_BLOCKS, coins_of, mined

DUST_SAT = 294
MAX_INPUTS = 5
# Scripts that may be paid, by their first two bytes and length: P2WPKH, P2WSH, P2TR
PAYEES = {("0014", 22), ("0020", 34), ("5120", 34)}


class Refused(Exception):
    pass


def require(true, rule, *facts):
    if not true:
        raise Refused(": ".join([rule, " ".join(str(each) for each in facts)]) if facts else rule)


def same(rule, expected, came):
    require(expected == came, rule, f"expected {expected}, got {came}")


def at_most(rule, limit, came):
    require(came <= limit, rule, f"expected at most {limit}, got {came}")


def money(value):
    """Decimal string, or an int of a peer that sends int or i8."""
    text = str(value)
    require(type(value) in (str, int) and text.isascii() and text.isdigit(), "an amount is a decimal string", text)
    return int(text)


def name_of(spent):
    return f"{spent['txid']}:{spent['vout']}"


def read(offer):
    """Inputs and outputs of an offer, amounts as whole numbers."""
    inputs = [{"txid": i["txid"], "vout": i["vout"], "amount_sat": money(i["amount_sat"])} for i in offer["inputs"]]
    outputs = [{"script": o["script"], "amount_sat": money(o["amount_sat"])} for o in offer["outputs"]]
    return inputs, outputs


def audit(offer, status, journal, script, limits, day):
    """Raises Refused, or gives what is fit to be signed.

    script: the cable's own (hex); limits: what its owner allows; status: get_status's answer, whose price and increment
    hold for a new session.
    """
    inputs, outputs = read(offer)
    names = [name_of(spent) for spent in inputs]
    session = journal.sessions.get(offer["session"])
    made = journal.accepted(offer["session"])
    last = made[-1] if made else None
    supersedes = offer["scheme"] == "single-fee"
    replaced = last if supersedes else None
    payee = outputs[0]["script"]

    same("the scheme is the one asked for", limits["scheme"], offer["scheme"])
    same("drafts are numbered without gaps", last["increment"] + 1 if last else 1, offer["increment"])
    require((payee[:4], len(payee) // 2) in PAYEES and payee != script, "the payee is a native SegWit script", payee)
    if session:
        for name in ("session_max_sat", "expiry_height"):
            same(f"{name} stays the same", session[name], offer[name])
        same("the payee stays the same", session["payee"], payee)

    # 1: the same coins as before, pledged to nobody else
    require(1 <= len(inputs) <= MAX_INPUTS and len(set(names)) == len(names), "1 to 5 different inputs", *names)
    if session:
        next_coins = session["inputs"] if supersedes or not last else [last["txid"] + ":1"]
        same("the inputs are those of the session", next_coins, names)
    before = [] if session else [each for each in journal.others(offer["session"]) if mined(each, names)]
    for other in journal.others(offer["session"]):
        expired = other["expiry_height"] <= offer["expiry_height"] - SESSION_BLOCKS
        pledged = [name for name in names if name in coins_of(other)]
        require(other["payee"] == payee or expired or other in before or not pledged, "no coin is pledged to another", *pledged)
        # What was sent and never acknowledged can still be mined: the next payment has to take its
        # place
        answered = other["commitments"][-1]["acknowledged"] or other["payee"] != payee
        require(last or answered or other in before or pledged, "no payment is made twice", other["commitments"][-1]["txid"])

    # 2: amounts are those that were signed for first
    for name, spent in zip(names, inputs):
        same(f"coin {name} keeps its amount", journal.coins.get(name, spent["amount_sat"]), spent["amount_sat"])

    # 3: one increment, and the arrears that are owed
    terms = session or status
    increment, price = money(terms["increment_sat"]), terms["price_msat_per_wh"]
    energy, arrears, fee = (money(offer[name]) for name in ("energy_mwh", "arrears_sat", "fee_sat"))
    bought = 0 if energy == 0 and replaced and fee > replaced["fee_sat"] else increment
    require(energy >= bought * 1_000_000 // price, "the energy is worth the increment", f"{energy} mWh for {bought} sat")
    owed = [
        other["commitments"][-1]["value_sat"] - mined(other, names)["value_sat"]
        for other in before
        if other["payee"] == payee and other["scheme"] == "single-fee"
    ]
    at_most("arrears are those owed", 0 if last else max(owed, default=0), arrears)
    value = (replaced["value_sat"] if replaced else 0) + bought + arrears
    same("the socket is paid what is due", value, outputs[0]["amount_sat"])

    # 4: the rest comes back, and the owner's limits hold
    total = sum(spent["amount_sat"] for spent in inputs)
    change = total - value - fee
    require(change == 0 or change >= DUST_SAT, "change under 294 sat goes to the fee", change)
    rebuilt = [{"script": payee, "amount_sat": value}] + ([{"script": script, "amount_sat": change}] if change else [])
    same("the rest goes back to the cable", rebuilt, outputs)
    paid = sum(each["bought_sat"] for each in made) + bought
    today = bought + arrears + fee - (replaced["fee_sat"] if replaced else 0)
    at_most("price limit, msat/Wh", limits["price_msat_per_wh"], price)
    at_most("fee limit, sat", limits["fee_sat"], fee)
    at_most("fee rate limit, msat/vB", limits["fee_rate_msat_per_vb"], fee * 1000 // segwit.virtual_size(inputs, rebuilt))
    at_most("fee share limit, permille", limits["fee_share_permille"], fee * 1000 // value)
    at_most("session limit, sat", limits["session_sat"], paid + arrears)
    at_most("the session's maximum, sat", money(offer["session_max_sat"]), paid)
    at_most("day limit, sat", limits["day_sat"], journal.days.get(day, 0) + today)

    # Byte for byte
    same("the draft is what its parts say", segwit.serialize(inputs, rebuilt).hex(), offer["transaction"])
    return {
        "terms": {"increment_sat": str(increment), "price_msat_per_wh": price},
        "names": names,
        "inputs": inputs,
        "outputs": rebuilt,
        "payee": payee,
        "value_sat": value,
        "fee_sat": fee,
        "bought_sat": bought,
        "day_sat": today,
    }
