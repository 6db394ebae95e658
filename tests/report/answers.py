"""Answers as a session gives them, with the parts that matter to a test."""

from parabench.session.answers import Answer, Choice


def choice(model, *, family="processes", workers=2, chunk="1"):
    return Choice(family, model, workers, chunk)


def answer(**given):
    usual = {
        "workload": "count-primes",
        "use": choice("mp-pool"),
        "seconds": 0.1,
        "settled": True,
        "family_settled": True,
        "equals": (),
        "speedup": 1.84,
        "low": 1.76,
        "high": 1.93,
        "about": "this session",
        "share_of_limit": 0.9,
        "others": (),
        "reason": "faster than every other one for sure",
        "visits": 4,
    }
    return Answer(**{**usual, **given})
