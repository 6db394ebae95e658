"""The steps of the GitHub Action, run here: what they are given, what they write, how they end.

Rooms: cli, run, compare, report.
"""

import http.server
import importlib.util
import json
import os
import random
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from parabench.cli import cli

yaml = pytest.importorskip("yaml", reason="no wheel of it is built for every interpreter")
ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action"
SAMPLE = ROOT / "tests" / "history" / "samples" / "parabench_2.json"
SCRIPTS = {path.name: path for path in ACTION.iterdir() if path.is_file()}
#: GitHub sets these for every step, and the shell its own.
GIVEN = {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_ACTION_PATH"}


def steps():
    return yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]


def script_of(step):
    return SCRIPTS[re.search(r"\$GITHUB_ACTION_PATH/action/([\w.]+)", step["run"])[1]]


def test_every_script_is_a_step_and_gets_all_that_it_takes():
    own = [step for step in steps() if "run" in step]
    assert sorted(script_of(step).name for step in own) == sorted(SCRIPTS)
    for step in own:
        text = script_of(step).read_text()
        taken = {*re.findall(r'\$\{?([A-Z_]+)|environ(?:\.get)?[\[(]["\'](\w+)', text)}
        names = {shell or python for shell, python in taken} - GIVEN
        assert names == set(step["env"])


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / "pipelines.md").read_text(), re.DOTALL)


def test_the_recipe_for_github_gives_inputs_that_there_are_and_what_the_action_needs():
    workflow = yaml.safe_load(blocks("yaml")[0])
    (checkout, _, _, ours) = workflow["jobs"]["speed"]["steps"]
    assert checkout["with"] == {"fetch-depth": 0}
    assert set(ours["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_commands_of_the_recipes_are_verbs_with_options_that_they_have():
    lines = [*yaml.safe_load(blocks("yaml")[1])["speed"]["script"], *blocks("crontab")[0].split("&&")]
    commands = [line.partition("parabench ")[2].partition("||")[0] for line in lines if "parabench " in line]
    assert len(commands) == 5
    for command in commands:
        verb, *arguments = shlex.split(command.strip())
        known = {option for parameter in cli.get_command(None, verb).params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_no_input_is_put_into_a_program():
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_inputs_that_are_used_are_described_and_the_other_way_round():
    text = (ROOT / "action.yml").read_text()
    assert {*re.findall(r"inputs\.([\w-]+)", text)} == set(yaml.safe_load(text)["inputs"])


def run(script, cwd, **environment):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    program = [sys.executable] if script.endswith(".py") else []
    return subprocess.run(
        [*program, str(SCRIPTS[script])],
        cwd=cwd,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def git(folder, *arguments):
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    answer = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """Two commits of a project with one workload."""
    project = tmp_path / "project"
    for name, text in {
        "workloads/spin.py": "def spin(item):\n    return sum(range(1000))\n",
        "benchmarks/test_custom.py": "import pytest\n@pytest.mark.custom\ndef test_it(cell):\n    cell.measure()\n",
        "pytest.ini": "[pytest]\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    git(project, "init", "--quiet")
    for message in ("one", "two"):
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--allow-empty", "--message", message)
    return project


def made(repository, folder, slow):
    """Eight sessions of each commit; those of the second are `slow` times as slow."""
    content = json.loads(SAMPLE.read_text())
    target = folder / "results" / content["parabench"]["machine_id"]
    target.mkdir(parents=True)
    source = random.Random(1)
    cells = [benchmark for benchmark in content["benchmarks"] if benchmark["extra_info"].get("workload")]
    for number in range(16):
        content["commit_info"]["id"] = git(repository, "rev-parse", "HEAD" if number % 2 else "HEAD~1")
        content["datetime"] = f"2026-10-01T{number:02}:00:00+00:00"
        for cell in cells:
            seconds = 0.01 * (slow if number % 2 else 1.0) * 2 ** source.gauss(0, 0.01)
            cell["stats"] |= dict.fromkeys(("min", "max", "mean", "median"), seconds) | {"data": [seconds], "rounds": 1}
            visit = cell["extra_info"]["passes"][0] | {"pass": 0, "rounds": 1}
            cell["extra_info"] |= {"passes": [visit], "seconds_per_round": seconds}
        content["benchmarks"] = cells
        (target / f"{number + 1:04}_made.json").write_text(json.dumps(content))


def compare(repository, folder, **environment):
    told = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    given = {"BASE": "HEAD~1", "HEAD": "HEAD", "THRESHOLD": "5%", "FAIL_ON": "slower", "FOLDER": str(folder)}
    answer = run("compare.sh", repository, **given, **environment, **{name: str(path) for name, path in told.items()})
    assert answer.returncode == 0, answer.stderr
    return told["GITHUB_OUTPUT"].read_text(), told["GITHUB_STEP_SUMMARY"].read_text()


def test_verdicts_are_kept_and_their_status_is_an_output(repository, tmp_path):
    pytest.importorskip("jinja2", reason="the report needs what is not built for this interpreter")
    made(repository, tmp_path / "told", slow=1.5)
    output, summary = compare(repository, tmp_path / "told")
    assert output == "status=1\n"
    assert summary == (tmp_path / "told" / "verdicts.md").read_text()
    assert "2 slower" in summary
    rows = [line for line in summary.splitlines() if "🔴" in line]
    assert len(rows) == 2
    for row in rows:
        base, new = re.search(r"`([▁-█]{8}) ([▁-█]{8})`", row).groups()
        assert max(base) < min(new), "every session of the head took longer than those of the base"
    verdicts = json.loads((tmp_path / "told" / "verdicts.json").read_text())
    assert verdicts
    assert "<html" in (tmp_path / "told" / "report.html").read_text()


@pytest.mark.slow
def test_two_revisions_are_measured_in_turns_and_compared(repository, tmp_path):
    pytest.importorskip("jinja2", reason="the report needs what is not built for this interpreter")
    folder = tmp_path / "told"
    arguments = "benchmarks --parabench-models sequential --parabench-passes 1 --parabench-rounds 1"
    given = {"SESSIONS": "2", "THRESHOLD": "5%", "ARGUMENTS": arguments, "FOLDER": str(folder)}
    answer = run("measure.sh", repository, BASE="HEAD~1", HEAD="HEAD", **given)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    stored = [json.loads(path.read_text()) for path in folder.glob("results/*/[0-9]*.json")]
    commits = {git(repository, "rev-parse", name) for name in ("HEAD~1", "HEAD")}
    assert sorted(session["commit_info"]["id"] for session in stored) == sorted([*commits, *commits])
    output, summary = compare(repository, folder)
    assert output == "status=0\n"
    assert "spin-sequential" in summary


def test_a_run_without_a_base_says_what_to_give(tmp_path):
    answer = run("measure.sh", tmp_path, BASE="", HEAD="HEAD", FOLDER=str(tmp_path))
    assert answer.returncode == 2
    assert "there is no base to compare with: give the action the input 'base'" in answer.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_the_job_ends_as_the_verdicts_ask_for(tmp_path, status):
    answer = run("finish.sh", tmp_path, STATUS=str(status), FAIL_ON="slower")
    assert answer.returncode == status
    assert ("verdicts that fail the job (fail-on: slower)" in answer.stdout) == bool(status)


class GitHub(http.server.BaseHTTPRequestHandler):
    """Comments of one pull request, as GitHub's API keeps them."""

    def do_GET(self):
        page = int(re.search(r"page=(\d+)$", self.path)[1])
        self.answer(self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self):
        if self.server.refuses:
            self.answer({}, 403)
            return
        self.server.comments.append({"id": 1000 + len(self.server.comments), **self.content()})
        self.answer({}, 201)

    def do_PATCH(self):
        comment = next(one for one in self.server.comments if self.path.endswith(f"/comments/{one['id']}"))
        if comment.get("foreign"):
            self.answer({}, 403)
            return
        comment.update(self.content())
        self.answer({})

    def content(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, told, status=200):
        assert self.headers["Authorization"] == "Bearer secret"
        assert self.path.startswith("/repos/someone/project/issues/")
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def github():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), GitHub) as server:
        server.comments, server.refuses = [{"id": number, "body": "hello"} for number in range(100)], False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def comment(github, folder, text, url=None):
    (folder / "verdicts.md").write_text(text)
    url = url or f"http://127.0.0.1:{github.server_port}"
    given = {"FOLDER": str(folder), "PULL_REQUEST": "7", "TITLE": "speed", "TOKEN": "secret"}
    answer = run("comment.py", folder, **given, GITHUB_API_URL=url, GITHUB_REPOSITORY="someone/project")
    assert "secret" not in answer.stdout + answer.stderr
    return answer


def test_a_comment_is_written_once_and_then_changed(github, tmp_path):
    github.comments.append({"id": 500, "body": "<!-- parabench: speed -->\nnot ours", "foreign": True})
    for text in ("first", "second"):
        assert comment(github, tmp_path, text).returncode == 0
    assert [one["body"] for one in github.comments[101:]] == ["<!-- parabench: speed -->\nsecond"]


def test_a_long_comment_is_cut_at_a_line_and_its_folded_part_closed(github, tmp_path):
    assert comment(github, tmp_path, "<details>\n" + "a line of a table\n" * 10_000).returncode == 0
    body = github.comments[-1]["body"]
    assert len(body) < 65_536
    assert body.endswith("a line of a table\n\n</details>\n\n(cut: the artefact of the job has all of it)\n")


def test_a_token_that_may_not_comment_is_a_warning(github, tmp_path):
    github.refuses = True
    answer = comment(github, tmp_path, "text")
    assert answer.returncode == 0
    assert "::warning::parabench may not comment here (403): tokens of forks only read" in answer.stdout


def test_a_token_goes_nowhere_without_encryption(github, tmp_path):
    answer = comment(github, tmp_path, "text", url="http://api.example.org")
    assert answer.returncode == 1
    assert "a token is sent by https only" in answer.stdout


def test_what_a_server_answers_is_one_line_of_visible_characters():
    """A runner obeys lines that begin with `::`."""
    spec = importlib.util.spec_from_file_location("comment", ACTION / "comment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module._shown("no\r\n::set-env::a\x1b[2J 5%0A") == "no ::set-env::a\\x1b[2J 5%250A"
