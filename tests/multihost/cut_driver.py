"""On the first host: a batch during which another host is cut off, then one after it has been healed.

    python -m cut_driver MODEL ADDRESS WORKERS ANSWER.json

says "under way" when the first batch is, waits for the line "healed" in ANSWER.json.go, and writes what came of both.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from parabench.models import find_models
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

TASKS, SECONDS_A_TASK = 24, 0.5


def main() -> None:
    name, address, workers, answer = sys.argv[1:]
    field = "broker" if name != "dask" else "dask_scheduler"
    services = Services(**{field: address}, workers_external=name != "dask", seconds_silence=15)
    call = TaskCall(task="tasks_for_tests:misbehave")
    report = {}
    with find_models()[name].open_with(int(workers), call, services) as run:
        for turn in ("cut", "healed"):
            if turn == "healed":
                while not Path(f"{answer}.go").exists():
                    time.sleep(0.1)
            print(f"{turn}: under way", flush=True)
            started = time.monotonic()
            items = [[f"{turn}-{number}", SECONDS_A_TASK] for number in range(TASKS)]
            outcomes = run(Batch(replace(call, traced=True), items))
            report[turn] = {
                "seconds": time.monotonic() - started,
                "values": [outcome.value for outcome in outcomes],
                "failures": [list(outcome.failure) for outcome in outcomes if outcome.failure],
                "hosts": sorted({outcome.trace.host for outcome in outcomes if outcome.trace}),
                "found": run.findings() if hasattr(run, "findings") else {},
            }
            print(f"{turn}: done", flush=True)
    Path(answer).write_text(json.dumps(report))


if __name__ == "__main__":
    main()
