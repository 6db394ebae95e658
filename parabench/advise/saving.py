"""The session of a run as a stored file."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path

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
