"""The page on loopback, made anew when a session has been stored: for looking on while many are made."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from parabench.analyse.verdict import THRESHOLD
from parabench.errors import ParabenchError
from parabench.history.files import session_files
from parabench.report.page.data import report_of
from parabench.report.page.render import page_of
from parabench.report.page.running import Running

HOST = "127.0.0.1"
#: Names by which a browser may ask: whoever comes by another one was sent by a page of somebody else.
_NAMES = (HOST, "localhost")
#: A page asks so often whether there is a newer one.
SECONDS_BETWEEN = 3.0
State = tuple[tuple[str, float, int], ...]


class Shown:
    """The page of a results folder as it is now; made again only when a file has changed."""

    def __init__(self, results: Path, threshold: float) -> None:
        self._results, self._threshold = results, threshold
        self.running = Running(results)
        self._lock = threading.Lock()
        self._state: State | None = None
        self._text = ""

    def version(self) -> str:
        """Another text whenever there is another page."""
        return _version_of(_state_of(self._results))

    def text(self) -> str:
        """The page. Raises ParabenchError when there is nothing to show."""
        with self._lock:
            state = _state_of(self._results)
            if state != self._state:
                self._text, self._state = self._made(state), state
            return self._text

    def _made(self, state: State) -> str:
        # What changes while it is made makes the page an old one, which then asks for a new one.
        return page_of(
            report_of(self._results, threshold=self._threshold), live=SECONDS_BETWEEN, version=_version_of(state)
        )


def serve(results: Path, port: int, say: Callable[[str], None], threshold: float = THRESHOLD) -> None:
    """Serve the page on loopback until Ctrl-C. Raises OSError when the port is taken."""
    server = serving(results, port, threshold)
    say(f"http://{HOST}:{server.server_address[1]}/")
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def serving(results: Path, port: int, threshold: float = THRESHOLD) -> http.server.ThreadingHTTPServer:
    """A server that has its port and serves nothing yet."""
    return http.server.ThreadingHTTPServer((HOST, port), partial(_Handler, Shown(results, threshold)))


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET / with the page, GET /version with which one it is, GET /running with what is being measured."""

    timeout = 10

    def __init__(self, shown: Shown, *given: object) -> None:
        self._shown = shown
        super().__init__(*given)  # type: ignore[arg-type]  # what socketserver hands over

    def do_GET(self) -> None:
        """One of the three."""
        name = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
        if name not in _NAMES:
            self._answer(403, "this server is for this computer only")
        elif self.path == "/version":
            self._answer(200, self._shown.version())
        elif self.path == "/running":
            self._answer(200, self._shown.running.text())
        elif self.path == "/":
            try:
                self._answer(200, self._shown.text(), "text/html")
            except ParabenchError as error:
                self._answer(404, str(error))
        else:
            self._answer(404, "there is one page only, at /")

    def _answer(self, status: int, text: str, kind: str = "text/plain") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: a terminal is for what was asked for."""


def _version_of(state: State) -> str:
    return f"{hash(state):x}"


def _state_of(results: Path) -> State:
    files, _ = session_files(results)
    return tuple((str(path), status.st_mtime, status.st_size) for path, status in files)
