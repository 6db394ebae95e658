"""`%load_ext parabench` and `%%advise`: advice on a function that is defined in a cell of a notebook.

    %%advise resize --items 'range(200)' --idempotent
    def resize(item):
        ...

Workers cannot import what is defined in a notebook, so the cell is written to a module first; it has to hold all that
the function needs, imports included.
"""

from __future__ import annotations

import hashlib
import importlib
import shlex
import tempfile
from pathlib import Path
from typing import Any

from parabench.cli._output import echo
from parabench.errors import ParabenchError

#: The modules of this process's cells, for as long as it lives.
_folder: list[tempfile.TemporaryDirectory[str]] = []


def load(shell: Any) -> None:
    """What IPython calls for `%load_ext parabench`."""
    shell.register_magic_function(advise_cell, magic_kind="cell", magic_name="advise")


def advise_cell(line: str, cell: str) -> None:
    """The arguments of `parabench advise`, beginning with the name of a function that the cell defines."""
    name, *options = shlex.split(line) or [""]
    try:
        importlib.import_module(__package__).cli.main(
            ["advise", f"{_module_of(cell)}:{name}", *options], "parabench", standalone_mode=False
        )
    except ParabenchError as error:
        echo(f"parabench: {error}", err=True)


def _module_of(cell: str) -> Path:
    """A file of the cell's text, under a name that no other text has."""
    if not _folder:
        _folder.append(tempfile.TemporaryDirectory(prefix="parabench-cells-"))
    path = Path(_folder[0].name) / f"cell_{hashlib.sha256(cell.encode()).hexdigest()[:12]}.py"
    path.write_text(cell, encoding="utf-8")
    return path
