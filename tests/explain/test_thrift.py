from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from parabench.cli.explain import explain_command
from parabench.errors import InvalidOption
from parabench.explain.thrift import thrift_of
from parabench.report.thrift_text import thrift_text
from tests.explain.cells import cell

RESULTS = str(Path(__file__).parents[2] / "results")
FAST = cell("process-pool", [], seconds=1.0, family="processes", seconds_cpu=2.5)
SLOW = cell("thread-pool", [], seconds=1.5, seconds_cpu=1.0)


def test_an_estimate_is_idle_watts_for_its_time_and_busy_ones_for_its_cpu_time():
    found = thrift_of(FAST, (1.0, 5.0), 360.0)
    per_batch = 1.0 * 2 * 1.0 + 4.0 * 2.5
    assert (found.joules, found.measured) == (pytest.approx(per_batch * 1000 / 8), False)
    assert found.grams == pytest.approx(found.joules / 3.6e6 * 360)


def test_counted_joules_are_used_and_called_measured():
    counted = cell("thread-pool", [], seconds=1.0, seconds_cpu=2.0, joules_per_round=4.0)
    assert thrift_of(counted, (1.0, 5.0), None).measured
    assert thrift_of(counted, (1.0, 5.0), None).joules == 4.0 * 1000 / 8
    assert thrift_of(cell("thread-pool", [], seconds=1.0), (1.0, 5.0), None) is None


def test_the_fastest_need_not_be_the_thriftiest():
    cells = [(one, thrift_of(one, (1.0, 5.0), None)) for one in (FAST, SLOW)]
    told = thrift_text(cells, watts="1 W idle and 5 W busy a core (--watts)", grid=None)
    assert "fastest is process-pool, thriftiest thread-pool" in told
    assert "J estimated" in told
    assert "measured" not in told


def test_the_verb_tells_grams_with_year_and_source():
    arguments = ["count-primes-*", "--results", RESULTS, "--sessions", "3.11", "--grid", "Germany"]
    told = CliRunner().invoke(explain_command, arguments, catch_exceptions=False).output
    assert "in 2023 (Ember, with processing by Our World in Data, CC BY 4.0)" in told
    assert "0.74 W idle and 3.5 W busy a core (Cloud Carbon Footprint's averages for AWS)" in told
    as_json = CliRunner().invoke(explain_command, [*arguments, "--format", "json"], catch_exceptions=False).output
    assert {"cell", "joules", "measured", "grams"} == set(json.loads(as_json)["cells"][0])


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--watts", "5", r"--watts '5' cannot be used: expected idle and busy watts of a core, such as 0.74,3.5"),
        ("--watts", "5,1", r"--watts '5,1' cannot be used"),
        (
            "--grid",
            "atlantis",
            r"--grid 'atlantis' cannot be used: expected grams of CO2e per kWh, or one of argentina",
        ),
        ("--grid", "-1", r"--grid '-1' cannot be used"),
    ],
)
def test_what_is_no_power_or_grid_is_told(option, value, message):
    with pytest.raises(InvalidOption, match=message):
        CliRunner().invoke(explain_command, [option, value, "--results", RESULTS], catch_exceptions=False)
