"""What spoils the picture: sessions that do not belong together, and a machine that cannot see what is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parabench.compare.calibrations import read_calibration
from parabench.history.stored import StoredSession
from parabench.machine.fingerprint import COMPARABLE
from parabench.report.page.changes import Changes
from parabench.report.page.figures_in_words import listed
from parabench.report.page.machines import Machine

#: Options of a session that change what a number means.
_OPTIONS = {"size": "sizes of the batches", "latency_seconds": "simulated reply times"}
_WRONG, _CARE = "wrong", "care"


def banners_of(machine: Machine, changes: Changes, threshold: float) -> list[dict[str, str]]:
    """Sentences with their level: `wrong` (red) and `care`."""
    wrong = (*_differing(machine), *_changed_with(changes), *_blind(machine, threshold))
    care = (*_flaws(machine), *(f"Of the changes: {note}." for note in changes.notes))
    return [*({"level": _WRONG, "text": text} for text in wrong), *({"level": _CARE, "text": text} for text in care)]


def _differing(machine: Machine) -> list[str]:
    """The rows come from sessions that were not made under the same circumstances."""
    shown = [details.session for details in machine.details]
    sentences = []
    if differing := _environments(shown):
        sentences.append(f"The rows come from {len(shown)} sessions whose environments differ: {listed(differing)}.")
    for option, meaning in _OPTIONS.items():
        values = {str((session.options or {}).get(option)) for session in shown}
        if len(values) > 1:
            sentences.append(f"The rows come from sessions with different {meaning}: {listed(sorted(values))}.")
    return sentences


def _changed_with(changes: Changes) -> list[str]:
    """The changes are between sessions of other environments; cells of other options are not compared anyway."""
    differing = _environments(changes.compared)
    if not differing:
        return []
    number = len(changes.compared)
    return [f"The changes are between {number} sessions whose environments differ: {listed(differing)}."]


def _environments(sessions: Sequence[StoredSession]) -> list[str]:
    """The parts of the environment in which sessions of one fingerprint differ."""
    parts: dict[str, set[str]] = {}
    for session in sessions:
        for part, value in session.fingerprint.items():
            if part not in COMPARABLE and part != "reasons" and value is not None:
                parts.setdefault(part, set()).add(str(value))
    return [part.replace("_", " ") for part, values in parts.items() if len(values) > 1]


def _blind(machine: Machine, threshold: float) -> list[str]:
    """What the machine has been found not to see."""
    calibration = read_calibration(machine.sessions[-1].path.parent)
    kinds: Mapping[str, Any] = calibration.kinds if calibration else {}
    blind = {
        kind: of_kind.detectable
        for kind, of_kind in kinds.items()
        if of_kind.detectable is None or of_kind.detectable > threshold
    }
    sentences = []
    if blind and calibration is not None:
        smallest = listed([f"{kind} {'unknown' if share is None else f'{share:.0%}'}" for kind, share in blind.items()])
        sentences.append(
            f"This machine cannot see a change of {threshold * 100:g}% with {calibration.sessions_a_side} sessions "
            f"a side; the smallest that it sees: {smallest}."
        )
    if calibration is not None and calibration.drift.is_found:
        sentences.append(f"This machine drifted by {calibration.drift.slow:.1%} while it was calibrated.")
    return sentences


def _flaws(machine: Machine) -> list[str]:
    sentences = []
    for details in machine.details:
        session = details.session
        name = f"Session {session.number}" if session.number is not None else f"Session {session.path.name}"
        flaws = [word for word, is_so in (("interrupted", session.interrupted), ("noisy", session.noisy)) if is_so]
        if flaws:
            sentences.append(f"{name} was {listed(flaws)}.")
        if session.failed:
            sentences.append(f"{name}: {len(session.failed)} cells failed and are in no number.")
        sentences += [f"{name}: {warning.message}" for warning in session.warnings or ()]
        sentences += [f"{name}: the timeline of {cell} is damaged: {why}." for cell, why in details.damaged.items()]
    return sentences
