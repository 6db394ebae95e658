"""Explanations as people read them: a sentence a cell, or all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parabench.explain.cures import Prediction
from parabench.explain.explanation import Explanation
from parabench.report.foreign_text import one_line
from parabench.report.quantities import seconds_text


def brief(explanations: Sequence[Explanation]) -> str:
    """For each workload a sentence for the best cell of each family, fastest first."""
    lines: list[str] = []
    for workload in dict.fromkeys(explanation.workload for explanation in explanations):
        best: dict[str, Explanation] = {}
        for explanation in sorted((e for e in explanations if e.workload == workload), key=lambda e: e.seconds):
            best.setdefault(explanation.family, explanation)
        lines += ["", workload]
        for explanation in best.values():
            lines.append(
                f"  {explanation.model} ({seconds_text(explanation.seconds)}): "
                f"{' and '.join(explanation.causes)}. {explanation.sentence}."
            )
    return "\n".join(lines).strip("\n")


def details(explanation: Explanation) -> str:
    """Everything about one cell: sentence, causes, split, prediction."""
    split = explanation.split
    lines = [
        f"{explanation.cell}: {seconds_text(explanation.seconds)} a round",
        f"  {explanation.sentence}.",
        "  causes: " + ", ".join(f"{name} {explanation.share[name]:.0%}" for name in explanation.causes),
        f"  split over {split.lanes} lane{'s' if split.lanes > 1 else ''}, from {split.source}:",
        *_rows(explanation),
    ]
    if not split.closes:
        lines.append("  the parts do not account for the batch within 10 %")
    if explanation.predicted is not None and explanation.predicted.measured is not None:
        lines.append(f"  without it: {_beside(explanation.predicted, explanation.predicted.measured)}")
    if explanation.break_even_seconds is not None:
        pays = explanation.break_even_seconds
        lines.append(f"  pays for tasks that compute {f'{seconds_text(pays)} and longer' if pays > 0 else 'at all'}")
    if explanation.cpu_packages is not None:
        shares = explanation.cpu_packages.items()
        lines.append("  CPU: " + ", ".join(f"{one_line(name)} {100 * share:.0f} %" for name, share in shares))
    if explanation.await_chain is not None:
        lines.append(f"  coroutines wait in: {one_line(explanation.await_chain)}")
    return "\n".join(lines)


def _beside(predicted: Prediction, measured: float) -> str:
    """What would be gained, and what other models were measured at."""
    measured_text = f"the measured {measured:.2g}x of {' or '.join(predicted.by)}"
    if predicted.speedup is None:
        return f"next to nothing would be left; beside it stands {measured_text}"
    return (
        f"up to {predicted.speedup:.2g}x, which {'agrees with' if predicted.holds else 'differs from'} {measured_text}"
    )


def _rows(explanation: Explanation) -> Iterable[str]:
    split = explanation.split
    per_task, errors = dict(split.seconds_per_task.items()), split.seconds_error
    wrong = dict(errors.items()) if errors is not None else {}
    for name, seconds in split.seconds_per_batch.items():
        if seconds == 0:
            continue
        sign, error = "-" if seconds < 0 else "", wrong.get(name)
        row = f"    {name.replace('_', ' '):14} {sign}{seconds_text(abs(seconds)):>9}"
        row += f"  {seconds / explanation.seconds:>5.0%}  {sign}{seconds_text(abs(per_task[name]))} a task"
        yield row + (f", +- {seconds_text(error)}" if error else "")
