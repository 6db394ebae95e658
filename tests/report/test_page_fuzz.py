import pytest

pytest.importorskip("jinja2")
from fuzz_page import fuzz


def test_a_damaged_session_gives_a_report_or_an_error_of_ours():
    assert fuzz(20, seed=7) == []
