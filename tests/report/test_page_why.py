from types import SimpleNamespace

import pytest
from page_sessions import write_sessions

from parabench.explain.facts import CAUSES
from parabench.report.page.data import report_of
from parabench.report.page.why import CAUSE_NAMES, briefly
from parabench.session import answers

WORDS_MOST = 6
SEEN = {"looks": 3, "leader": "a", "families": {"a": "interpreters"}, "running": {"a"}}
UNSETTLED = SEEN | {"settled": False, "family_settled": False}
SETTLED = SEEN | {"settled": True, "family_settled": True}


def reasons():
    """Every reason that a session gives for an answer, each with others that it was not told from and without."""
    for equals in ([], ["mp-pool x2", "asyncio x128"]):
        for good in (["a"], ["a", "b", "c"]):
            for race in (
                UNSETTLED | {"looks": 0},
                UNSETTLED,
                UNSETTLED | {"family_settled": True},
                SETTLED,
                SETTLED | {"running": {"a", "b"}},
            ):
                yield answers._reason("a", equals, good, SimpleNamespace(**race)), race["settled"]


@pytest.mark.parametrize(("reason", "settled"), sorted(set(reasons())))
def test_why_is_six_words_at_most_where_nothing_explains_it(reason, settled):
    told = briefly(None, SimpleNamespace(reason=reason, settled=settled))
    assert told["text"] != "settled", "known, and said"
    assert 2 <= len(told["text"].split()) <= WORDS_MOST, told["text"]
    assert told["title"] == f"{reason}.", "the whole of it, to whoever points at it"


def test_six_words_say_what_limits_a_model():
    assert set(CAUSES) <= set(CAUSE_NAMES)
    for name in CAUSE_NAMES:
        told = briefly(
            SimpleNamespace(causes=(name, "GIL"), sentence="it is"), SimpleNamespace(reason="", settled=True)
        )
        assert len(told["text"].split()) <= WORDS_MOST, told["text"]


def test_a_reason_of_a_later_version_is_not_repeated_at_length():
    told = briefly(None, SimpleNamespace(reason="because of this and of that and of much more", settled=True))
    assert told == {"text": "settled", "title": "because of this and of that and of much more."}


@pytest.mark.parametrize("sessions", [1, 6])
def test_six_words_are_what_the_rows_of_sessions_without_answers_say(tmp_path, monkeypatch, sessions):
    monkeypatch.setattr("parabench.report.page.screen.why_of", lambda *_: None)
    write_sessions(tmp_path, sessions=sessions, answers=False)
    for row in report_of(tmp_path).data["panels"][0]["rows"]:
        assert 2 <= len(row["why"]["text"].split()) <= WORDS_MOST
