import json

from click.testing import CliRunner
from page_sessions import write_sessions

from parabench.cli.export import export_command


def test_a_session_becomes_a_trace_whose_slices_nest(tmp_path):
    write_sessions(tmp_path / "results", sessions=1)
    given = ["count-primes-*", "--results", str(tmp_path / "results"), "--output", str(tmp_path / "trace.json")]
    done = CliRunner().invoke(export_command, given)
    assert done.exit_code == 0, done.output
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    names = [event["args"]["name"] for event in events if event["ph"] == "M"]
    assert names == [
        f"count-primes-{m}" for m in ("sequential", "thread-pool", "asyncio", "process-pool-fork", "mp-pool")
    ]
    tasks = [event for event in events if event["name"].startswith("task ")]
    assert len(tasks) == 8 * len(names)
    for task in tasks:
        inside = [
            event
            for event in events
            if event["ph"] == "X" and event is not task and (event["pid"], event["tid"]) == (task["pid"], task["tid"])
            if task["ts"] <= event["ts"] < task["ts"] + task["dur"]
        ]
        assert sum(event["dur"] for event in inside) <= task["dur"]
        assert {event["name"] for event in inside} <= {"running", "no core free", "waiting, as alone", "GIL or lock"}


def test_a_cell_that_was_not_traced_is_said_not_to_be_there(tmp_path):
    write_sessions(tmp_path, sessions=1, workloads=("count-primes",), models=("sequential",))
    done = CliRunner().invoke(export_command, ["nothing", "--results", str(tmp_path)])
    assert str(done.exception) == "no traced cell matches 'nothing'; known: count-primes-sequential"
