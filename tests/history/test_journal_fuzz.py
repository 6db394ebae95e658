"""The short form of `python tests/history/fuzz_journal.py 10000`."""

import fuzz_journal


def test_mutated_journals_give_no_traceback_and_lose_no_valid_line():
    ends, lost, tracebacks = fuzz_journal.fuzz(150, seed=5)
    print(ends)
    assert (lost, tracebacks) == (0, 0)
    assert set(ends) == {"salvaged", "set aside", "stored"}
