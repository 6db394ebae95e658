"""The session of a run as a stored file, and the function as a workload to go on with."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path

from parabench.advise.work import Work
from parabench.history.stock_statistics import stock_statistics
from parabench.machine.fingerprint import machine_info
from parabench.session.session import Session


def saved(session: Session) -> Path:
    """Store a session that pytest has not run, in the format of those that it has. Raises ResultsKeptElsewhere."""
    now = datetime.now(UTC)
    benchmarks = [
        {
            "group": record.cell.workload,
            "name": record.cell.id,
            "fullname": item,
            "params": {
                "workload": record.cell.workload,
                "model": record.cell.model,
                "workers": record.cell.workers,
                "size": record.cell.size,
            },
            "param": record.cell.id,
            "extra_info": session.extra_info(record),
            "options": {},
            "stats": stock_statistics([second for visit in record.visits for second in visit.seconds_per_round]),
        }
        for item, record in session.records_by_item.items()
        if record.valid
    ]
    return session.save(
        f"advise_{now:%Y%m%d_%H%M%S}",
        {
            "machine_info": machine_info(),
            "commit_info": {"id": "unversioned"},
            "benchmarks": benchmarks,
            "datetime": now.isoformat(),
            "version": importlib.metadata.version("pytest-benchmark"),
            "parabench": session.describe(),
        },
    )


_FILE = """\
from parabench import workload
{imports}

@workload(items={items}, kind={kind!r}{more})
{define} {name}(item):
    return {call}
"""


def workload_text(work: Work, items: str) -> str:
    """A file for a `workloads/` folder that measures the same; `items` is an expression that gives them."""
    target, twin = work.target, work.twin
    first = target.dotted.partition(".")[0]
    imports, more = f"from {target.module} import {first} as _{first}\n", ""
    call = f"_{target.dotted}(item)"
    if twin is not None:
        name = twin.dotted.partition(".")[0]
        imports += f"from {twin.module} import {name}\n"
        more = f", task_async={twin.dotted}"
    if "json." in items:
        imports = f"import json\n\n{imports}"
    if "csv." in items:
        imports = f"import csv\n\n{imports}"
    define, call = ("async def", f"await {call}") if target.is_coroutine else ("def", call)
    return _FILE.format(
        imports=imports,
        items=f"list({items})" if items.startswith("range(") else items,
        kind=work.kind,
        more=more,
        define=define,
        name=target.name.strip("_") or "function",
        call=call,
    )
