"""Where multiprocessing puts its sockets: into a folder that is removed with the session, however that ends.

By itself it makes a folder `pymp-*` in the temporary folder for the socket of a fork server, which is how processes
start by default since Python 3.14, or of a manager. Who made it removes it when it ends; killed, it leaves it for ever,
and nothing in its name tells whose it was.
"""

from __future__ import annotations

import contextlib
import multiprocessing.process
import os
import stat
import sys
from pathlib import Path

from parabench.measure.watchdog import shared_folder

#: Of a unix socket a path may have 107 bytes (103 elsewhere than on Linux), of which its name and a slash take 18.
LONGEST_PATH = (107 if sys.platform == "linux" else 103) - 18


def place_sockets(session: str) -> None:
    """Have multiprocessing use a folder of the session, here and in all that it starts from here.

    Where none will do, multiprocessing goes on as by itself.
    """
    folder = _folder_for_sockets(session)
    if folder is not None:
        process = multiprocessing.process.current_process()
        process._config["tempdir"] = folder  # type: ignore[attr-defined]  # noqa: SLF001 - no public way


def _folder_for_sockets(session: str) -> str | None:
    """The session's folder in shared memory, else that of its files.

    The first has a short path and a file system that takes sockets, which is not so of every --scratch.
    """
    shared, files = shared_folder(session), Path(session).absolute()  # tasks may change the working directory
    if shared is not None and _is_ours(shared):
        return str(shared)
    return str(files) if len(os.fsencode(files)) <= LONGEST_PATH else None


def _is_ours(folder: Path) -> bool:
    """Make a folder where anybody may make one; False where somebody else was there first, or there is no room."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
