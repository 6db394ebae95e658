"""Noise that differs twentyfold between groups of models: each group's own is found, and intervals are as wide."""

from __future__ import annotations

import math
import random

import pytest

from parabench.analyse.moderated import NO_PRIOR, Prior
from parabench.analyse.noise import prior_of_pair, priors_by_group, residual_variances, variances_by_group
from parabench.analyse.ranking import common_prior, compare, rank

QUIET, NOISY = 0.005, 0.10
Session = dict[str, dict[str, dict[int, float]]]


def session(source: random.Random, quiet: int, noisy: int, passes: int, workloads: int = 6) -> Session:
    """Equal models; the machine is 3 % slower or faster in each pass."""
    found: Session = {}
    for number in range(workloads):
        shared = [source.gauss(0, 0.03) for _ in range(passes)]
        noise = {f"q{n}": QUIET for n in range(quiet)} | {f"n{n}": NOISY for n in range(noisy)}
        found[f"work-{number}"] = {
            name: {k: math.exp(shared[k] + source.gauss(0, sigma)) for k in range(passes)}
            for name, sigma in noise.items()
        }
    return found


def group_of(workload: str, name: str) -> str:
    return name[0]


def priors(found: Session) -> dict[str, Prior]:
    by_workload = variances_by_group(found, group_of)
    return priors_by_group(entry for contestants in by_workload.values() for entry in contestants.values())


@pytest.mark.parametrize(("quiet", "noisy"), [(2, 10), (5, 5), (8, 3)])
def test_each_group_has_its_own_noise_whichever_is_in_the_majority(quiet: int, noisy: int) -> None:
    source = random.Random(quiet)
    for _ in range(5):
        found = priors(session(source, quiet, noisy, 5, workloads=20))
        assert math.sqrt(found["q"].variance) == pytest.approx(QUIET, rel=0.2)
        assert math.sqrt(found["n"].variance) == pytest.approx(NOISY, rel=0.2)
        assert min(found["q"].degrees, found["n"].degrees) > 4, "all of a group have the same noise"


@pytest.mark.parametrize("passes", [2, 5])
@pytest.mark.parametrize(("quiet", "noisy"), [(3, 8), (8, 3)])
def test_intervals_hold_and_are_as_wide_as_the_noise_of_their_pair(quiet: int, noisy: int, passes: int) -> None:
    source = random.Random(f"{quiet}{passes}")
    pairs = {
        ("q0", "q1"): math.sqrt(2) * QUIET,
        ("q0", "n0"): math.hypot(QUIET, NOISY),
        ("n0", "n1"): math.sqrt(2) * NOISY,
    }
    held, widths, common_widths = dict.fromkeys(pairs, 0), dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 0.0)
    runs = 25
    for _ in range(runs):
        found = session(source, quiet, noisy, passes)
        by_group, common = priors(found), common_prior(found.values(), baseline="q0")
        for one, other in pairs:
            for models in found.values():
                prior = prior_of_pair(by_group[one[0]], by_group[other[0]])
                ratio = compare(models[one], models[other], 0.95, prior)
                assert ratio.low is not None
                assert ratio.high is not None
                held[one, other] += ratio.low <= 1 <= ratio.high
                widths[one, other] += math.log(ratio.high / ratio.low) / 2
                before = compare(models[one], models[other], 0.95, common)
                common_widths[one, other] += math.log((before.high or 0) / (before.low or 1)) / 2
    of = runs * 6
    for pair, truth in pairs.items():
        ideal = 1.96 * truth / math.sqrt(passes) * of
        print(
            f"{quiet} quiet, {noisy} noisy, {passes} passes, {pair}: {held[pair] / of:.1%} hold, "
            f"{widths[pair] / ideal:.2f} times as wide as with known noise; "
            f"with one prior for all {common_widths[pair] / ideal:.2f}"
        )
        assert held[pair] / of >= 0.895, "95 % have a standard error of 1.8 %"
        assert widths[pair] / ideal <= 1.4
    assert common_widths["q0", "q1"] > 1.3 * widths["q0", "q1"], "what this is for"


def test_one_that_is_alone_is_measured_by_itself() -> None:
    alone = {"work": {"q": {0: 1.0, 1: math.e}}}
    assert residual_variances(alone["work"]) == {"q": (0.5, 1)}
    [entry] = variances_by_group(alone, group_of)["work"].values()
    assert entry == ("q", 0.5, 1)
    assert variances_by_group({"work": {"q": {0: 1.0}}}, group_of) == {"work": {}}


def test_equal_times_are_no_division_by_zero() -> None:
    same = {"work": {name: {0: 1.0, 1: 1.0, 2: 1.0} for name in ("qa", "qb", "n")}}
    assert {entry[1] for entry in variances_by_group(same, group_of)["work"].values()} == {0.0}


def test_few_variances_of_a_group_take_the_prior_of_all() -> None:
    many = [("many", 0.01, 4)] * 20
    found = priors_by_group([*many, ("few", 0.02, 4)])
    assert found["few"].degrees > 0
    assert 0.01 < found["few"].variance < 0.015, "that of all is nearly that of the many"
    assert priors_by_group([("few", 0.02, 4)] * 7) == {"few": NO_PRIOR}


def test_a_ranking_uses_the_noise_of_both_models() -> None:
    source = random.Random(7)
    found = session(source, 3, 8, 3)
    by_group = priors(found)
    models = {"sequential" if name == "q0" else name: passes for name, passes in found["work-0"].items()}
    models["q1"] = {k: seconds / 1.03 for k, seconds in models["q1"].items()}
    known = {name: by_group["n" if name.startswith("n") else "q"] for name in models}
    ranking = rank(models, priors=known)
    assert ranking is not None
    assert ranking.speedups["q1"].separates, "3 % are six times the noise of a quiet pair"
    common = rank(models, prior=common_prior([models]))
    assert common is not None
    assert not common.speedups["q1"].separates, "what this is for"


def test_a_group_of_few_takes_the_prior_of_its_family_before_that_of_all() -> None:
    many = [(("quiet", kind), 1e-4 * factor, 3) for kind in "ab" for factor in (0.6, 0.9, 1.0, 1.2, 1.4)]
    noisy = [(("noisy", "a"), 1e-2 * factor, 3) for factor in (0.5, 0.8, 1.0, 1.0, 1.2, 1.5, 0.7, 1.1)]
    found = priors_by_group([*many, *noisy], wider=lambda group: group[0])
    assert found["quiet", "a"].variance == pytest.approx(1e-4, rel=0.5)
    assert found["quiet", "a"].degrees > 10
    alone = priors_by_group([*many, *noisy])
    assert alone["quiet", "a"].degrees < 5, "all together scatter a hundredfold"
