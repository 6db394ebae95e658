"""The closing table of a run on several interpreters: workload x model x interpreter."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from parabench.analyse.ranking import Ratio
from parabench.compare.interpreter_ratios import InterpreterRatios
from parabench.report.crossings import crossings_table
from parabench.report.foreign_text import one_line
from parabench.report.quantities import seconds_text
from parabench.report.rendering import TABLE_WIDTH, render


def interpreter_text(ratios: InterpreterRatios, *, colour: bool) -> str:
    """The closing text: the table, and from which length of a task models overtake the sequential one."""
    table = _table(ratios, colour=colour)
    crossings = crossings_table(ratios.crossings, colour=colour)
    return table + (f"\n{crossings}" if crossings else "")


def _table(ratios: InterpreterRatios, *, colour: bool) -> str:
    """One line for each workload, model and interpreter, with a reason for those that have no number."""
    missing, baseline = ratios.missing, ratios.baseline
    table = Table(box=None, pad_edge=False)
    figures = ("time", "over its sequential [95 %]", f"time / {baseline}'s [95 %]", "sessions")
    for name in ("workload", "model", "interpreter", *figures, ""):
        table.add_column(name, justify="right" if name in figures else "left", no_wrap=True)
    numbers = {reason: number for number, reason in enumerate(dict.fromkeys(missing.values()), 1)}
    for workload, standings in ratios.standings.items():
        models = dict.fromkeys(
            [*(standing.model for standing in standings), *(m for w, m, _ in missing if w == workload)]
        )
        models = dict.fromkeys(sorted(models, key=lambda model: model != "sequential"))
        first = True
        for model in models:
            for standing in (standing for standing in standings if standing.model == model):
                mark = "fastest" if ratios.fastest[workload] == (standing.interpreter, standing.model) else ""
                table.add_row(
                    workload if first else "",
                    model,
                    standing.interpreter,
                    seconds_text(standing.seconds),
                    "-" if model == "sequential" else _ratio(standing.speedup),
                    "-" if standing.interpreter == baseline else _ratio(standing.against_baseline),
                    str(standing.sessions),
                    Text(mark, style="bold green"),
                )
                first = False
            without = {label: why for (of, name, label), why in missing.items() if (of, name) == (workload, model)}
            for reason in dict.fromkeys(without.values()):
                labels = ", ".join(label for label, why in without.items() if why == reason)
                row = [workload if first else "", model, labels, "-", "-", "-", "0", f"({numbers[reason]})"]
                table.add_row(*row, style="dim")
                first = False
    notes = "".join(f"({number}) {one_line(reason)}\n" for reason, number in numbers.items())
    return render([table], width=TABLE_WIDTH, colour=colour) + notes


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return "unknown"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.ratio:.2f}x [unknown]"
    return f"{ratio.ratio:.2f}x [{ratio.low:.2f}, {ratio.high:.2f}]"
