"""The latest calibration of each machine, stored beside its sessions."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parabench.analyse.calibration import Calibration, Drift, KindCalibration
from parabench.compare.comparison import Comparison

FORMAT = 2
NAME = "calibration.json"


def store_calibration(folder: Path, calibration: Calibration) -> Path:
    """Write it into the folder of its machine, whole or not at all; an earlier one is replaced."""
    path = folder / NAME
    content = {"format": FORMAT, "datetime": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(calibration)}
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")
    aside.replace(path)
    return path


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration of a machine; None when there is none that this version can read."""
    try:
        content: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            return None
        content.pop("datetime")
        kinds = {kind: KindCalibration(**fields) for kind, fields in content.pop("kinds").items()}
        called = {split: tuple(cells) for split, cells in content.pop("called").items()}
        return Calibration(**content | {"kinds": kinds, "called": called, "drift": Drift(**content["drift"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def with_calibration(comparison: Comparison) -> Comparison:
    """The comparison with a note where its threshold is below what its machine has been found to see, in times."""
    if comparison.metric != "seconds":
        return comparison
    notes = list(comparison.notes)
    for folder in sorted({session.path.parent for session in comparison.new}):
        calibration = read_calibration(folder)
        blind = {
            kind: kind_calibration.detectable
            for kind, kind_calibration in (calibration.kinds if calibration else {}).items()
            if kind_calibration.detectable is None or kind_calibration.detectable > comparison.threshold
        }
        if blind and calibration is not None:
            detectable = ", ".join(f"{kind} {_percent(share)}" for kind, share in blind.items())
            notes.append(
                f"the threshold of {comparison.threshold:.0%} is below what {calibration.sessions_a_side} sessions a "
                f"side can see on this machine (parabench calibrate): {detectable}"
            )
        if calibration is not None and calibration.drift.is_found:
            notes.append(
                f"this machine drifted by {calibration.drift.slow:.1%} while it was calibrated (parabench calibrate): "
                "only sides measured in turns can be compared"
            )
    return replace(comparison, notes=tuple(notes))


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"
