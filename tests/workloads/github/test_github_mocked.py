"""The mocks: right results and no way out, in every worker of every model; steady memory; several threads at once."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import slip_for_tests
from listers import in_loop, in_thread

from parabench.models import find_models
from parabench.workload import ServiceOptions
from workloads.github import mocked
from workloads.github.errors import MockInUse, NetworkRefused
from workloads.github.population import list_users
from workloads.github.sizes import check, expected

aiohttp, requests = map(pytest.importorskip, ("aiohttp", "requests"))
#: The mock of requests needs what is not built for every interpreter.
needs_responses = pytest.mark.skipif(importlib.util.find_spec("responses") is None, reason="responses is not installed")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SETTINGS = {"source": "mocked", "url": mocked.URL, "seed": 1, "latency_seconds": 0.001, "page_size": 30}
MOCKED = {
    "requests": in_thread(mocked.mocked_requests),
    "httpx": in_thread(mocked.mocked_httpx),
    "httpx-async in a thread": in_thread(mocked.mocked_httpx_loop),
    "httpx-async": in_loop(mocked.mocked_httpx_async),
    "aiohttp in a thread": in_thread(mocked.mocked_aiohttp),
    "aiohttp": in_loop(mocked.mocked_aiohttp_async),
}
#: The same as parameters.
LISTERS = [
    pytest.param(lister, id=name, marks=[needs_responses] * (name == "requests")) for name, lister in MOCKED.items()
]


@functools.cache
def observed(model: str, folder: Path) -> dict:
    answer = folder / f"{model}.json"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]),
        "HTTPS_PROXY": "http://203.0.113.9:1",
    }
    command = [sys.executable, HERE / "mocked_driver.py", answer, model]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(answer.read_text())


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    return tmp_path_factory.mktemp("answers")


@pytest.mark.parametrize(
    "model",
    [pytest.param(name, marks=[pytest.mark.slow] * model.on_request) for name, model in find_models().items()],
)
def test_every_model_gets_right_results_and_none_a_way_out(model, answers):
    unavailable = find_models()[model].availability()
    if unavailable is not None:
        pytest.skip(unavailable.reason)
    seen = observed(model, answers)
    mocks = {"httpx": "httpx", "requests": "responses"}
    assert set(seen) >= {f"github-mocked-{name}" for name, mock in mocks.items() if importlib.util.find_spec(mock)}
    for name, workload in seen.items():
        for item, (value, failure) in workload["outcomes"].items():
            if item not in slip_for_tests.WAYS:
                assert check(item, value), (name, item, failure)
                continue
            assert failure is not None, (name, item, value)
            assert failure[0] == "NetworkRefused", (name, item, failure)
            assert slip_for_tests.WAYS[item] in failure[1], (name, item, failure)
            assert "stopped before it left this machine" in failure[1]
        assert workload["restored"], name


@pytest.mark.parametrize("lister", LISTERS)
def test_each_client_reads_all_pages_from_its_mock(lister):
    for user in list_users(8):
        assert lister(user, SETTINGS) == expected(user)


@pytest.mark.parametrize("lister", LISTERS)
def test_an_unknown_user_is_a_failed_task(lister):
    with pytest.raises(Exception, match="status 404: Not Found"):
        lister("nobody", SETTINGS)


@pytest.mark.parametrize(
    "context",
    [pytest.param(mocked.mocked_requests, marks=needs_responses), mocked.mocked_httpx, mocked.mocked_aiohttp],
)
def test_many_threads_enter_and_leave_at_once(context):
    lister, wrong = in_thread(context), []

    def work(user):
        for _ in range(3):
            try:
                wrong.extend([user] if lister(user, SETTINGS) != expected(user) else [])
            except Exception as error:  # what a thread raises fails nothing
                wrong.append(repr(error))

    before = requests.adapters.HTTPAdapter.send, aiohttp.ClientSession._request
    threads = [threading.Thread(target=work, args=(user,)) for user in list_users(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert (requests.adapters.HTTPAdapter.send, aiohttp.ClientSession._request) == before


@needs_responses
def test_two_settings_in_one_process_are_refused():
    other = SETTINGS | {"seed": 2}
    with mocked.mocked_requests(SETTINGS), pytest.raises(MockInUse, match="the mock of requests is already active"):
        mocked.mocked_requests(other).__enter__()
    with mocked.mocked_requests(other):
        pass


def test_the_mock_of_requests_keeps_no_calls():
    responses = pytest.importorskip("responses")
    made = []
    original = responses.RequestsMock

    class Watched(original):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            made.append(self)

    responses.RequestsMock = Watched
    try:
        with mocked.mocked_requests(SETTINGS) as client:
            for _ in range(20):
                client.get(f"{mocked.URL}/users/dev-0000/repos")
            assert len(made[0].calls) <= 1
            assert len(made[0].registered()[0].calls) <= 1
    finally:
        responses.RequestsMock = original


def test_the_mock_of_aiohttp_keeps_no_calls(monkeypatch):
    from workloads.github import steady_aioresponses

    made = []

    class Watched(steady_aioresponses.SteadyAioresponses):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(steady_aioresponses, "SteadyAioresponses", Watched)
    with mocked.mocked_aiohttp(SETTINGS) as client:
        for _ in range(20):
            client._loop.run_until_complete(client._client.get(f"{mocked.URL}/users/dev-0000/repos"))
        assert len(made[0].requests) == 0
        assert len(made[0]._responses) == 0


@pytest.mark.parametrize("takes_writer", [True, False])
def test_responses_suit_aiohttp_before_and_since_it_demands_a_stream_writer(monkeypatch, takes_writer):
    """Before 3.14 the parameter does not exist; a later aioresponses may pass one of its own."""
    from workloads.github import steady_aioresponses

    given = []

    def initialise(self, method, url, **keywords):
        given.append(keywords)

    monkeypatch.setattr(aiohttp.ClientResponse, "__init__", initialise)
    monkeypatch.setattr(aiohttp.ClientResponse, "__del__", lambda self: None, raising=False)
    monkeypatch.setattr(steady_aioresponses, "_TAKES_WRITER", takes_writer)

    async def make(**keywords):
        steady_aioresponses.MockedResponse("GET", "http://x", **keywords)

    asyncio.run(make())
    assert ("stream_writer" in given[0]) is takes_writer
    if takes_writer:
        writer = object()
        asyncio.run(make(stream_writer=writer))
        assert given[1]["stream_writer"] is writer


def test_sleeping_is_never_early():
    uvloop = pytest.importorskip("uvloop")

    async def shortest():
        loop = asyncio.get_running_loop()
        lasted = []
        for _ in range(50):
            began = loop.time()
            clock = time.monotonic()
            await mocked.sleep_at_least(0.0037)
            lasted.append(time.monotonic() - clock)
            assert loop.time() >= began
        return min(lasted)

    for factory in (uvloop.new_event_loop, asyncio.new_event_loop):
        with asyncio.Runner(loop_factory=factory) as runner:
            assert runner.run(shortest()) >= 0.0037


def test_settings_are_the_same_in_every_session(tmp_path):
    def settings(seed):
        options = ServiceOptions(
            seed=seed, latency_seconds=0.005, scratch_directory=tmp_path, github_url="", size="small"
        )
        with mocked.service(options) as found:
            return found

    assert settings(1) == settings(2)
    assert json.loads(json.dumps(settings(1))) == settings(1)


def test_another_host_is_refused_by_name():
    with pytest.raises(NetworkRefused, match=r"tried to reach https://elsewhere\.example/users/x/repos"):
        mocked.answer(mocked.population_of(SETTINGS), "https://elsewhere.example/users/x/repos")


@pytest.mark.parametrize(
    ("context", "foreign"),
    [
        pytest.param("mocked_requests", {"aiohttp", "httpx", "aioresponses"}, marks=needs_responses),
        ("mocked_httpx", {"aiohttp", "aioresponses", "requests", "responses"}),
        ("mocked_aiohttp", {"httpx", "requests", "responses"}),
    ],
)
def test_a_worker_imports_its_own_client_only(context, foreign):
    program = (
        "import sys, json; from workloads.github import mocked\n"
        "from workloads.github.listing import list_repositories\n"
        f"with mocked.{context}({SETTINGS}) as client: list_repositories('dev-0000', client)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not foreign & set(json.loads(done.stdout))
