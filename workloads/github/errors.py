"""What goes wrong with the requests of these workloads, mocked, on loopback and live, and its wording."""

from __future__ import annotations

from datetime import UTC, datetime

from parabench.errors import ParabenchError, describe_exit, spelled


class RequestFailed(ParabenchError):
    """A request whose reply is not what the task needs: the task fails, and never returns a guess."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"GET {url} failed: {problem}")


class ForeignAddress(ParabenchError):
    """A redirect or Link header that leads away from the configured host, where no token and no request may go."""

    def __init__(self, url: str, home: str, origin: str) -> None:
        super().__init__(
            f"refused to follow a {origin} from {home} to {url}: it is another host, scheme or port; "
            f"if it is the right one, give it as {spelled('--github-url')}"
        )


class NetworkRefused(ParabenchError):
    """A connection attempted by a worker of a mocked workload; stopped before it left the machine."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"a mocked workload tried to reach {target}: the request slipped past its mock and was stopped before it "
            "left this machine; mocks answer for their own base URL only (a model's own peers go into PARABENCH_PEERS)"
        )


class MockInUse(ParabenchError):
    """Two mocks with different settings in one process, which can only have one."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is already active in this process with other settings; leave that context first")


class RateLimited(ParabenchError):
    """A live request that the API put off for longer than a task may wait."""

    def __init__(self, url: str, problem: str, seconds: float | None, seconds_left: float) -> None:
        wait = "at least a minute" if seconds is None else f"{seconds:.0f} s"
        super().__init__(
            f"GET {url} was put off: {problem}; it asks to wait {wait}, and this task may wait "
            f"{max(0, seconds_left):.0f} s more; run again later with fewer rounds, passes or workers"
        )


class RateLimitTooLow(ParabenchError):
    """A live run that the API's rate limit does not allow; nothing of it was started."""

    def __init__(self, url: str, needed: int, remaining: int, limit: int, reset: int, *, authenticated: bool) -> None:
        at = datetime.fromtimestamp(reset, UTC).astimezone().strftime("%H:%M:%S %Z").strip()
        token = "" if authenticated else "set GITHUB_TOKEN (5,000 requests an hour instead of 60), "
        super().__init__(
            f"this live run needs up to {needed:,} requests, but {url} has {remaining:,} of {limit:,} left until {at}; "
            f"{token}choose fewer models, passes or rounds, a smaller {spelled('--size')}, or wait until then"
        )


class LiveUnreachable(ParabenchError):
    """A live API that does not answer, or not as GitHub does."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"cannot reach the live GitHub API at {url}: {problem}; "
            f"check the network and {spelled('--github-url')}, or leave out {spelled('--live')}"
        )


class TokenUnusable(ParabenchError):
    """A token that cannot be sent. The message must not quote it."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the value of {variable} is no token: it holds spaces or non-ASCII characters; set it anew")


class TokenRejected(ParabenchError):
    """A token that the API does not accept."""

    def __init__(self, url: str, variable: str, message: str) -> None:
        super().__init__(f"{url} rejected the token in {variable}: {message}; renew it or unset the variable")


class TooManyAtOnce(ParabenchError):
    """A live batch that could have more requests under way than GitHub allows."""

    def __init__(self, tasks: int, most: int) -> None:
        super().__init__(f"a live batch of {tasks} tasks could ask {tasks} times at once; GitHub allows {most} at once")


class ServerNotReady(ParabenchError):
    """The loopback server's process that did not come up."""

    def __init__(self, exit_code: int | None, output: str) -> None:
        state = "said nothing in time" if exit_code is None else f"ended with {describe_exit(exit_code)}"
        super().__init__(f"the loopback server {state} before it was ready: {output.strip() or 'it printed nothing'}")
