"""Pictures that stand still, drawn by matplotlib: the timeline of a workload, and the table of models as a heat map."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parabench.errors import LibraryMissing, StoreNotWritable, UnknownName
from parabench.report.page.data import Report
from parabench.report.quantities import seconds_text

FORMATS = ("svg", "png")
#: Parts of a task's time, in the order drawn: name, colour. Those of the page in the light.
PARTS = (
    ("running", "#1f6db0"),
    ("no core free", "#e0a100"),
    ("waiting, as alone", "#c9d3dc"),
    ("GIL or lock", "#c0392b"),
)
UNKNOWN, START_UP, INK = "#a99bc9", "#8a8f96", "#1b1f24"
#: Where nothing ran.
NONE = "#d5d9de"
#: Colours of the levels -6 to 6 of the heat map.
LEVEL_COLOURS = (
    *("#743500", "#a8530f", "#d97b2b", "#f0ab6c", "#f7d0aa", "#fbeadb", "#f1f1f1"),
    *("#e3eef8", "#c3dcf0", "#93c2e4", "#4f97cf", "#1f6db0", "#0a4781"),
)
LANE, GAP = 1.0, 1.6
#: Inches that a README has for a picture, and the points of its smallest text there.
README_WIDTH, SMALLEST = 8.6, 8.0


def draw(report: Report, folder: Path, form: str, interpreter: str | None, workload: str | None) -> list[Path]:
    """Write `timeline` and `heat-map` into a folder, as far as there is something to draw; the files written.

    Raises LibraryMissing, UnknownName for an interpreter or workload that the report has not, StoreNotWritable.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise LibraryMissing("the report as pictures", "matplotlib", "pictures") from error
    panel, pictures = _panel(report, interpreter)
    mpl.use("agg")
    # The same sessions give the same file; text stays text, and a dollar in a name is a dollar.
    mpl.rcParams |= {"svg.hashsalt": "parabench", "svg.fonttype": "none", "font.size": 9, "text.parse_math": False}
    traced = {picture["name"]: picture for picture in pictures["workloads"] if picture["timelines"]}
    if workload is not None and workload not in traced:
        raise UnknownName("traced workload", workload, traced)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if traced:
            chosen = (
                traced[workload] if workload else max(traced.values(), key=lambda picture: len(picture["timelines"]))
            )
            written.append(_saved(_timeline(chosen, panel), folder / f"timeline.{form}"))
        written.append(_saved(_heat_map(panel), folder / f"heat-map.{form}"))
    except OSError as error:
        raise StoreNotWritable(folder, error) from error
    return written


def _panel(report: Report, interpreter: str | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    panels = report.data["panels"]
    for panel, pictures in zip(panels, report.pictures, strict=True):
        if interpreter is None or panel["label"] == interpreter:
            return panel, pictures
    raise UnknownName("interpreter", interpreter or "", [panel["label"] for panel in panels])


def _saved(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=160, bbox_inches="tight", facecolor="white", metadata=_no_date(path))
    return path


def _no_date(path: Path) -> dict[str, Any]:
    return {"Date": None} if path.suffix == ".svg" else {"Software": None}


def _timeline(workload: Mapping[str, Any], panel: Mapping[str, Any]) -> Any:
    """A lane for each worker, a bar for each task, all models on one axis; milliseconds."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    rows = sum(model["lanes"] * LANE + GAP for model in workload["timelines"])
    figure = Figure(figsize=(9, 1.2 + 0.16 * rows))
    axes = figure.subplots()
    top = 0.0
    begin = min(0.0, *(-(model["startUp"] or 0) / 1e3 for model in workload["timelines"]))
    for model in workload["timelines"]:
        axes.text(
            begin,
            top + 0.75,
            f"{model['label']}: {seconds_text(model['end'] / 1e6)}",
            weight="bold",
            color=INK,
            va="bottom",
        )
        top += GAP / 2 + 0.5
        if model["startUp"]:
            axes.broken_barh([(-model["startUp"] / 1e3, model["startUp"] / 1e3)], (top, 0.85), color=START_UP)
        _bars(axes, model, top)
        top += model["lanes"] * LANE + GAP / 2
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.set(ylim=(top, -0.4), yticks=[], xlabel="milliseconds since the batch began; start-up is before 0")
    axes.spines[["left", "right", "top"]].set_visible(False)
    entries = [*PARTS, ("unknown", UNKNOWN), ("start-up", START_UP)]
    handles = [Patch(color=colour, label=name) for name, colour in entries]
    figure.legend(handles=handles, ncols=6, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.set_title(
        f"{workload['name']} on {panel['title']}; parts inside a bar are in no order", loc="left", fontsize=9
    )
    return figure


def _bars(axes: Any, model: Mapping[str, Any], top: float) -> None:
    for began, ended, lane, *parts in model["bars"]:
        x, y = began, top + lane * LANE
        for (_, colour), part in zip(PARTS, parts, strict=True):
            width = min(part or 0, ended - x)
            if width > 0:
                axes.broken_barh([(x / 1e3, width / 1e3)], (y, 0.85), color=colour, linewidth=0)
                x += width
        if x < ended:
            axes.broken_barh([(x / 1e3, (ended - x) / 1e3)], (y, 0.85), color=UNKNOWN, linewidth=0)
        axes.broken_barh(
            [(began / 1e3, (ended - began) / 1e3)], (y, 0.85), facecolor="none", edgecolor="white", linewidth=0.6
        )


def _heat_map(panel: Mapping[str, Any]) -> Any:
    """A number in every cell, coloured by how far it is from the plain loop."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    heat = panel["heat"]
    models = [model for family in heat["families"] for model in family["models"]]
    width = 1.9 + 0.95 * len(models)
    figure = Figure(figsize=(width, 0.7 + 0.36 * len(heat["rows"])))
    axes = figure.subplots()
    for y, row in enumerate(heat["rows"]):
        for x, cell in enumerate(row["cells"]):
            axes.add_patch(Rectangle((x, y), 0.96, 0.94, color=_ground(cell), linewidth=0))
            dark = cell["level"] is not None and abs(cell["level"]) >= 5
            ink = "white" if dark else INK
            axes.text(x + 0.48, y + 0.47, _cell_text(cell), ha="center", va="center", color=ink, fontsize=7.5)
    if heat["reasons"]:
        _reasons(axes, heat["reasons"], width)
    axes.set(xlim=(0, max(1, len(models))), ylim=(len(heat["rows"]), 0))
    axes.set_xticks(
        [x + 0.48 for x in range(len(models))], [model.replace("-", "-\n", 1) for model in models], fontsize=8
    )
    axes.set_yticks([y + 0.47 for y in range(len(heat["rows"]))], [row["workload"] for row in heat["rows"]], fontsize=8)
    axes.tick_params(length=0, labeltop=True, labelbottom=False, top=False)
    axes.spines[:].set_visible(False)
    axes.set_title(
        f"Speed-up over a plain loop on {panel['title']}; ★ recommended, = not told from it", loc="left", fontsize=9
    )
    return figure


def _ground(cell: Mapping[str, Any]) -> str:
    if cell["level"] is not None:
        return LEVEL_COLOURS[cell["level"] + 6]
    return NONE if cell["reason"] else "#ffffff"


def _cell_text(cell: Mapping[str, Any]) -> str:
    if cell["reason"]:
        return f"{cell['text']} ({cell['reason']})"
    mark = "★ " if cell.get("best") else "= " if cell.get("equal") else ""
    return f"{mark}{cell['text']}" + (" slower" if cell.get("slower") else "")


def _reasons(axes: Any, reasons: Sequence[str], width: float) -> None:
    """Why nothing ran, by number, below the table: as wide as the picture, and larger in one that a README shrinks."""
    size = SMALLEST * max(1.0, width / README_WIDTH)
    letters = int(width * 72 / (size * 0.58))
    lines = [
        line
        for number, reason in enumerate(reasons, start=1)
        for line in textwrap.wrap(f"({number}) {reason}", letters, subsequent_indent="      ")
    ]
    axes.annotate(
        "\n".join(lines),
        xy=(0.02, 0),
        xycoords=("figure fraction", "axes fraction"),
        xytext=(0, -6),
        textcoords="offset points",
        va="top",
        fontsize=size,
        color=INK,
    )
