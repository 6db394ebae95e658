"""How much error may one look at growing data spend? Whoever looks again after every session has many chances."""

from __future__ import annotations

#: Probability that any unchanged cell is ever called changed, however often its comparison is looked at.
ALPHA = 0.05
#: What one look may spend of it while a side has fewer sessions than _FEWER; half as much from there on, and so on.
_SHARE, _FEWER = 1 / 5, 16
#: From 64 sessions a side on it stays as it is: looks are few there.
_HALVINGS_MOST = 3


def level_of(sessions: int, alpha: float = ALPHA) -> float:
    """The level of a comparison with so many sessions on its smaller side: 1 % below 16, 0.5 % below 32, and so on.

    A comparison does not know how often its sessions were looked at before, so it takes for granted that somebody looks
    after every session. Looks at growing data have much in common, so that the levels need not add up to alpha: over
    all looks from 5 to 64 sessions a side, a cell with normal noise that did not change is called with a probability of
    5 % (`tests/analyse/study_promises.py`). The levels spend alpha like those of Pocock, Biometrika 64, 1977, with less
    and less for late looks.
    """
    halvings = min(max(0, (sessions // _FEWER).bit_length()), _HALVINGS_MOST)
    return alpha * _SHARE / (1 << halvings)
