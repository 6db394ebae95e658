"""Which documented command line is run where, what is changed in it, and what is not run."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterable
from typing import NamedTuple

from documented_pages import command_lines

#: Pattern of command lines that are not run -> why, and the test that covers what they do, or that they exist.
NOT_RUN = {
    "*[[]OPTIONS]*": ("a usage line", "tests/test_generated_docs.py::test_the_page_is_what_the_records_say"),
    "parabench machines": ("a verb that docs/extending.md adds", "tests/test_extending.py::test_a_verb_is_one_file"),
    "* --models sequential,thread-halves": (
        "a model that docs/extending.md adds",
        "tests/test_extending.py::test_a_workload_and_a_model_are_one_file_each",
    ),
    "*s3://*": (
        "needs a server of that kind",
        "tests/history/test_remote_servers.py::test_many_writers_to_one_server_lose_nothing",
    ),
    "parabench run --python *": (
        "needs these interpreters",
        "tests/run/test_run_interpreters.py::test_interpreters_alternate_and_end_in_a_table",
    ),
    "parabench scale * --python *": (
        "needs these interpreters",
        "tests/run/test_run_interpreters.py::test_laws_are_told_for_each_interpreter",
    ),
    "* -m live *": (
        "asks the real GitHub",
        "tests/workloads/github/test_github_live.py::test_asks_rate_limit_once_and_nothing_else",
    ),
    "pytest tests -m multihost": (
        "as root, with network namespaces",
        "tests/multihost/test_multihost.py::test_more_hosts_give_the_same_results_and_are_all_used",
    ),
    "make *": (
        "make bench as a whole, the project's own tests; .ci/fresh_clones runs both from a fresh clone",
        "tests/test_documented_commands.py::test_documented_targets_exist",
    ),
    ".ci/*": ("runs everything, these tests as well", "tests/test_contributing.py::test_every_command_exists"),
    "tox*": (
        "environments from an index; sessions on other interpreters are tested",
        "tests/interpreters/test_builds.py::test_every_model_is_measured_or_has_a_reason",
    ),
    "uvx *": (
        "a package from an index; the one that is built here is tried in an empty environment",
        "tests/install/test_wheel.py::test_with_all_extras_an_async_function_is_measured_under_every_model_that_can_run",
    ),
    "pip *": ("packages from an index", "tests/install/test_resolving.py::test_what_is_asked_for_can_be_had"),
    "docker *": (
        "needs an image; the program in it is run",
        "tests/documented/test_servers_run.py::test_workers_serve_until_they_are_interrupted",
    ),
    "*ray start *": (
        "listens on all networks, as a Ray does: no test starts one",
        "tests/queues/test_external.py::test_ray_starts_nothing_unless_it_is_told_to",
    ),
    "*--ray-address *": (
        "needs a Ray, which listens on all networks: no test starts one",
        "tests/queues/test_external.py::test_ray_starts_nothing_unless_it_is_told_to",
    ),
    "redis-server *": (
        "binds an address of another host; a Valkey is run",
        "tests/documented/test_servers_run.py::test_a_session_has_its_work_done_elsewhere",
    ),
    "export *": (
        "a setting, under which others are run",
        "tests/documented/test_servers_run.py::test_a_session_has_its_work_done_elsewhere",
    ),
    "python changes/gather.py": (
        "makes a release",
        "tests/test_changes.py::test_a_release_gathers_the_files_under_its_version_and_removes_them",
    ),
    "python docs/generate.py": (
        "writes into the checkout",
        "tests/test_generated_docs.py::test_the_page_is_what_the_records_say",
    ),
    "python tests/costs.py *": (
        "reads what all tests have taken",
        "tests/test_costs.py::test_a_row_for_each_folder_the_most_costly_first",
    ),
}
#: What a pipeline sets before it runs a line.
VARIABLES = {"$CI_MERGE_REQUEST_DIFF_BASE_SHA": "main", "$CI_COMMIT_SHA": "HEAD"}
#: What needs a library that is no tool of the tests: these are skipped without it.
NEEDS = {
    "*--format svg*": "matplotlib",
    "*dask*": "distributed",
    "*celery*": "celery",
    "*fuzz*": "hypothesis",
    "*change_points.py": "ruptures",
}


class Change(NamedTuple):
    """What is appended to the lines of a pattern that do not have `unless`; later options win."""

    pattern: str
    appended: str
    why: str
    unless: str = "\n"


#: In this order; a line gets what all that fit it say.
SHORTENED = [
    Change("parabench advise *", "--budget 2", "an answer of two seconds, which is less sure, and not a minute's"),
    Change("* -m scaling *", "--workloads add-100 --workers 1,2", "one length of a task, and not one pass of all"),
    Change(
        "pytest benchmarks*",
        "--workloads no-op",
        "one workload and not one of each sort",
        "--*workloads|-m |::|--resume",
    ),
    Change("pytest benchmarks -m cpu *", "--workloads count-letters", "the same for a kind"),
    Change("* --models celery,dask,sequential", "--workloads mine", "eight tasks and not a thousand, of some ms each"),
    Change("pytest benchmarks -m server *", "--benchmark-max-time 0.1", "rounds for a tenth of a second"),
    Change("parabench bench *", "--workloads no-op", "one workload and not one of each sort", "--workloads"),
    Change("*--*broker *", "--workloads mine", "eight tasks and not a thousand, of some ms each", "parabench worker"),
    Change("*--dask-scheduler *", "--workloads mine", "eight tasks and not a thousand, of some ms each"),
    Change("* --workers-external *", "--workloads mine", "eight tasks and not a thousand, of some ms each"),
    Change("parabench run *", "--workloads no-op", "the same for each session", "--workloads|--resume"),
    Change("parabench calibrate*", "--workloads no-op", "the same for each session"),
    Change(
        "pytest benchmarks*",
        "--models sequential,thread-pool",
        "two models and not all",
        "--models|-m server|::|--resume",
    ),
    Change("parabench bench *", "--models sequential,thread-pool", "two models and not all", "--models"),
    Change("parabench run *", "--models sequential", "one model and not all", "--models|--resume"),
    Change("parabench scale *", "--models sequential,thread-pool", "models that run here", "--models|--stored"),
    Change("parabench scale github-*", "--models asyncio", "one model: it waits for each reply"),
    Change("parabench scale *", "--workers 1,2", "few workers on few cores", "--stored"),
    Change("parabench calibrate*", "--models sequential", "one model: what is judged are sessions", "--models"),
    Change("*--chunks *", "--models sequential,mp-pool --workers 2", "two models, of which one has chunks"),
    Change("*--budget *", "--budget 1", "a second, and what each contestant has at least", "parabench advise"),
    Change("pytest *", "--passes 1", "one pass, and no race of minutes", "--budget|--passes|-m server|--resume"),
    Change(
        "parabench [brc][eua][nnl]*", "--passes 1", "one pass, and no race of minutes", "--budget|--passes|--resume"
    ),
    Change("pytest *", "--rounds 1", "one round a visit", "-m server|--resume"),
    Change("parabench [brc][eua][nnl]*", "--rounds 1", "one round a visit", "--resume"),
    Change("parabench run *--sessions *", "--sessions 1", "one session a side: the verdict is 'unsure'"),
    Change("parabench calibrate*", "--sessions 4", "the fewest that it takes"),
    Change("* --workers-external --workers 8", "--workers 2", "as many as one host of two has"),
    Change("* --dask-scheduler * --workers 8", "--workers 2", "as many as one host of two has"),
    Change("parabench worker *", "--workers 2", "as many as there are cores"),
    Change("*dask worker *", "--nworkers 2 --no-dashboard", "processes for as many cores, and no port of its own"),
    Change("*dask scheduler", "--host 127.0.0.1 --port 0 --no-dashboard", "a free port on loopback"),
    Change("pytest benchmarks -m harness *", "--collect-only", "found and not measured, which takes minutes"),
    Change("parabench * --results told *", "--results results", "the sessions that are prepared", "parabench run"),
    Change("python tests/*/fuzz_*", "20", "twenty and not thousands"),
    Change("python tests/kill_loop.py *", "2", "two and not hundreds"),
    Change("*study_scale.py", "3 --benchmarks 3 --rounds 1 --without-stock", "three sessions of three benchmarks"),
    Change("*study_false_alarms.py", "--comparisons 2", "two and not hundreds"),
    Change("*study_verdicts.py", "--cells 15 --sessions 8 --noise plain --trials 0.01", "one row of the table"),
    Change("*study_promises.py", "--seconds 0.05", "as few as there may be for each figure"),
    Change("*study_histories.py", "--histories 2", "two and not hundreds"),
    Change("*study_change_points.py", "--series 2 --sessions 20", "two short ones of each sort"),
    Change("*study_duets.py", "--pairs 2 --rounds 2 --rounds-beside 8", "two pairs and not sixty"),
    Change("*study_scaling_laws.py", "--trials 2", "two and not hundreds"),
    Change("*study_causes.py*", "--sessions 1 --models sequential,thread-pool --workloads cause-gil", "one cause"),
    Change("*study_splits.py", "--sessions 1 --models sequential,process-pool-fork", "two models, once"),
    Change("*study_identical.py", "--races 1 --budget 1", "one race of a second"),
    Change("*study_visits.py", "--trials 20", "twenty and not thousands"),
    Change("*study_first_answer.py", "--repetitions 1 --most 1", "one of each side, given up early"),
    Change("*run_cases.py", "compresses --budget 2", "one function of twenty, for two seconds"),
]
#: Lines whose last word is the number that is made smaller, so that it is replaced.
COUNTED = ["python tests/*/fuzz_* *", "python tests/kill_loop.py *"]
#: Lines that need more than a folder, by where they are run; the first that fits. All others are run as they stand.
GROUPS = {
    "servers": [
        *("*--serve", "parabench worker *", "*dask worker *", "dask scheduler"),
        *("*--broker *", "*--workers-external *", "*--dask-scheduler *", "*--celery-broker *"),
    ],
    "unfinished": ["parabench recover*", "* --resume"],
    "checkout": ["python *"],
    "runs": ["parabench run *", "parabench calibrate*", "parabench scale [!-]*"],
    "measured": ["pytest *", "parabench bench *"],
}
#: Options that sessions get from PYTEST_ADDOPTS, where a verb has none of them: one round, replies of 0.5 ms.
ADDED_OPTIONS = {"parabench scale [!-]*": "--rounds 1 --latency 0.0005"}
#: What takes long although it is shortened is left out of `.ci/run`, and run by `-m documented`: lines that make
#: several sessions, lines that need servers, and these.
LONG_FILES = ("test_runs_run.py", "test_servers_run.py", "test_sessions_run.py")
LONG = [
    *("* --models celery,dask,sequential", "*study_promises.py", "*study_change_points.py"),
    *("*study_scaling_laws.py", "*study_causes.py*", "*study_splits.py", "*study_first_answer.py"),
    "*kill_loop.py *",  # tests/test_kill_loop.py runs it, too
]
#: Exit statuses besides 0, as the pages have them.
STATUS = {
    "parabench compare *main HEAD*": 1,  # slower: HEAD takes 1.5 times in the sessions that are prepared
    "parabench compare tag:before tag:after*": 1,
    "parabench compare 3.13 3.14t": 1,
    "parabench compare *$CI_COMMIT_SHA*": 1,
}
#: Exit statuses that tell of the machine, and not of the command.
ALSO = {"parabench doctor": 1, "parabench calibrate*": 1}
#: What a page says is most important about a line: a text that it prints.
SAYS = {
    "parabench advise *": "use  ",
    "parabench compare 1-8 9-16": "unsure",
    "parabench compare *": "slower",
    "parabench list*": "process-pool-fork",
    "parabench doctor": "timer",
    "parabench explain count-primes-thread-pool": "count-primes",
    "parabench explain*": "no-op",
    "parabench history*": "count-primes",
    "parabench export *--output*": "",
    "parabench export *": "count-primes",
    "parabench report --format markdown": "no-op",
    "parabench report*": ".",
    "parabench run --rev *": " against ",
    "parabench run *": " sessions, ",
    "parabench calibrate*": "Stored as",
    "parabench scale *": "workers",
    "pytest benchmarks -m server *": "passed",
    "pytest benchmarks -m harness *": "test_",
    "pytest *": "Stored as",
    "parabench bench *": "Stored as",
    "pytest-benchmark * list": "0017_",
    "pytest-benchmark * compare *": "count-primes",
}


def fits(line: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that a line has."""
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(line, pattern)), None)


def group_of(line: str) -> str | None:
    """Where a line is run; None where it is not."""
    if fits(line, NOT_RUN) is not None:
        return None
    return next((name for name, patterns in GROUPS.items() if fits(line, patterns)), "plain")


def lines_of(group: str | None) -> list[str]:
    """The lines that are run there."""
    return [line for line in command_lines() if group_of(line) == group]


def changed(line: str) -> list[str]:
    """The words of a line with what shortens it and what is set for it; the pages' own "..." is left out."""
    words = [VARIABLES.get(word, word) for word in shlex.split(line) if word != "..."]
    words = words[: -1 if fits(line, COUNTED) else None]
    for change in SHORTENED:
        others = [part if part.startswith("*") else f"*{part}*" for part in change.unless.split("|")]
        if fits(line, [change.pattern]) and not fits(line, others):
            words += shlex.split(change.appended)
    return words
