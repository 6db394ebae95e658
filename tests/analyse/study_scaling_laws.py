"""Simulated study: do the intervals of scaling laws cover what they promise, and is a peak told where there is one?

`python tests/analyse/study_scaling_laws.py` takes some minutes. Throughputs follow a known law with 5 % of noise, and
sessions are faster or slower as a whole besides; "covers" is how often a 95 % interval held the truth.
"""

from __future__ import annotations

import argparse
import math

from test_scaling_law import simulated

from parabench.analyse.scaling_law import RESAMPLES, Interval, fit_law

#: alpha, beta, sessions.
CASES = ((0.1, 0.004, 5), (0.05, 0.0, 6), (0.02, 0.001, 8), (0.3, 0.02, 5))


def held(interval: Interval | None, truth: float) -> bool:
    """Whether the interval holds the truth."""
    return interval is not None and interval.low <= truth <= interval.high


def main() -> None:
    """Print a line for each law."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    options = parser.parse_args()
    trials = options.trials
    for alpha, beta, sessions in CASES:
        drawn = [simulated(alpha, beta, seed=seed, sessions=sessions) for seed in range(trials)]
        laws = [fit_law(throughputs, 2, resamples=options.resamples) for throughputs in drawn]
        fitted = [law for law in laws if law.kind == "usl"]
        none = sum(law.kind == "none" for law in laws)
        following = 100 * 48 / (1 + alpha * 47 + beta * 48 * 47)
        covers = {
            "serial share": sum(held(law.serial_share, alpha) for law in fitted),
            "pair cost": sum(held(law.pair_cost, beta) for law in fitted),
            "one step further": sum(held((law.fitted or {}).get(48), following) for law in fitted),
        }
        told = [law.slower_beyond for law in fitted if law.slower_beyond is not None]
        shown = ", ".join(f"{name} {count / len(fitted):.0%}" for name, count in covers.items())
        print(f"alpha {alpha:g}, beta {beta:g}, {sessions} sessions: {shown}; no law {none / trials:.0%}", end="")
        right = sum(held(peak, math.sqrt((1 - alpha) / beta)) for peak in told) if beta else 0
        print(f"; a peak was told {len(told)} times, {right} of them where it is", flush=True)


if __name__ == "__main__":
    main()
