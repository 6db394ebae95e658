"""docs/models.md, options.md, cli.md and platforms.md are what docs/generate.py makes of the records."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from parabench.models import find_models
from parabench.session.option_table import OPTIONS

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
SPEC = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
assert SPEC is not None
assert SPEC.loader is not None
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)
SEQUENTIAL = find_models()["sequential"]


@pytest.mark.parametrize("page", ["models.md", "options.md", "cli.md", "platforms.md"])
def test_the_page_is_what_the_records_say(page: str) -> None:
    same = (ROOT / "docs" / page).read_text() == generate.pages()[ROOT / "docs" / page]
    assert same, f"docs/{page} is of earlier records: run `{generate.COMMAND}` and commit what it writes"


def test_a_record_is_all_that_a_new_model_needs() -> None:
    model = replace(SEQUENTIAL, name="new", family="unheard", when="W.", limits="L.", snippet="S\n", libraries=("two",))
    page = generate.models_page([model, SEQUENTIAL], {"all": ["two", "one"], "small": ["two>=1"]})
    assert page.index("## sequential") < page.index("## new")
    assert "| [`new`](#new) | caller | yes | no | no | no | no | 1 | always |\n" in page
    said = '**Install:** `pip install "parabench[small]"`\n\n**When:** W.\n\n**Limits:** L.\n\n```python\nS\n```\n'
    assert page.endswith(said)


def test_threads_are_told_from_the_build_that_writes_the_page() -> None:
    for parallel in (True, False):
        facts = replace(SEQUENTIAL.capabilities, worker="thread", parallel_bytecode=parallel)
        assert generate.capabilities(replace(SEQUENTIAL, capabilities=facts))[4] == "without a GIL"


def test_the_default_way_to_start_is_not_told_from_the_interpreter_that_writes_the_page() -> None:
    pool = find_models()["process-pool-fork"]
    told = {generate.when_it_runs(replace(pool, variant=variant)) for variant in (True, False)}
    assert told == {"always, or as a variant of the default way to start"}


def test_an_option_has_its_names_meaning_default_and_unit() -> None:
    rows = {entry.flag: generate.option(entry) for entry in OPTIONS}
    assert rows["--cell-timeout"][1:] == [
        "`--parabench-cell-timeout SECONDS`",
        "`parabench_cell_timeout`",
        "Kill a cell whose batch takes longer than this",
        "`120`",
        "seconds",
    ]
    assert rows["--rounds"][3:5] == ["Timed rounds per visit", "what fits into 0.05 s, from 1 to 3"]
    assert rows["--live"][4] == "off"
    assert rows["--broker"][0] == "`--broker URL`, `--celery-broker URL`"


def test_a_bar_does_not_end_a_cell() -> None:
    assert generate.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |\n"
