"""`python tests/costs.py` makes rows of what pytest says of durations."""

from costs import rows

OUTPUT = """
============================= slowest durations ==============================
14.51s setup    tests/models/test_contract.py::test_order[joblib-loky]
0.60s call     tests/models/test_contract.py::test_order[joblib-loky]
36.42s call     tests/test_kill_loop.py::test_killed
0.20s teardown tests/workloads/github/test_github_live.py::test_a[1.50s call tests/x::y]
====== 3 passed in 9.00s ======
"""


def test_a_row_for_each_folder_the_most_costly_first():
    assert rows(OUTPUT) == ["| `tests/*.py` | 36 |", "| `tests/models` | 15 |", "| `tests/workloads` | 0 |"]
