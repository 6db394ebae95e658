"""`parabench worker`: workers of a task queue on this host, for clients that run elsewhere."""

from __future__ import annotations

import os
import platform
import signal
import socket
import sys
from pathlib import Path

import click

from parabench.cli import _completion
from parabench.cli._folders import project_folder
from parabench.cli._output import echo
from parabench.errors import BrokerNotGiven, ModelUnavailable, UnknownName
from parabench.machine.abilities import must_be_able
from parabench.machine.cores import cores_usable
from parabench.measure.cell import call_of
from parabench.models import find_models
from parabench.queues.address import shown
from parabench.queues.admission import announced
from parabench.queues.opening import external_address
from parabench.queues.supervisor import SECONDS_TO_END, Supervisor
from parabench.session.discovery import find_workloads
from parabench.session.option_checks import checked_broker
from parabench.workers.environment import BROKER_VARIABLE
from parabench.workers.introduction import identity
from parabench.workload import source_hash


@click.command("worker", epilog="Example: parabench worker celery --broker redis://queue.example:6379/0 --workers 4")
@click.argument("model", shell_complete=_completion.queue_models)
@click.option(
    "--broker", "url", envvar=BROKER_VARIABLE, metavar="URL", help=f"Where the queue is; or in ${BROKER_VARIABLE}."
)
@click.option("--workers", type=click.IntRange(1), help="Tasks at once. Default: the usable cores.")
@click.option(
    "--workloads-dir",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=project_folder("parabench_workloads_dir", "workloads"),
    show_default="workloads, in the project's root",
    help="Folder of the workload files, the same as the client's.",
)
def worker_command(model: str, url: str | None, workers: int | None, workloads_dir: Path) -> None:
    """Run workers of MODEL (celery, celery-threads, dramatiq, dramatiq-threads or rq) until Ctrl-C.

    They do the work of any client that names the same broker with --broker and adds --workers-external, if it has the
    same version of parabench, the same Python and the same workloads; others are refused at both ends.

    Exit status: 0, 2 usage.
    """
    must_be_able("running workers")
    queues = {name: each for name, each in find_models().items() if each.queue is not None}
    if model not in queues:
        raise UnknownName("model with workers of its own", model, queues)
    if (missing := queues[model].availability()) is not None:
        raise ModelUnavailable(model, missing.reason, missing.install)
    os.environ.pop(BROKER_VARIABLE, None)  # tasks have no business with its password
    if not url:
        raise BrokerNotGiven(model, BROKER_VARIABLE)
    checked_broker("--broker", url)
    workloads = find_workloads(workloads_dir.resolve())  # also lets the workers import them
    library, workers = queues[model].queue, workers or cores_usable()
    assert library is not None
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _: ended.append(signum))
    address = external_address(model, url)
    calls = [announced(call_of(workload, "{}")) for workload in workloads.values()]
    supervisor = Supervisor(library, address, workers, lambda: not ended, SECONDS_TO_END, calls)
    supervisor.say = lambda text: echo(f"parabench worker: {text}", err=True)
    echo(f"serves {model} with {workers} workers at {shown(url)} on {socket.gethostname()}, process {os.getpid()}")
    echo(f"parabench {identity()['version']}, {identity()['python']} on {platform.machine()}; end it with Ctrl-C")
    for name, workload in workloads.items():
        echo(f"  {source_hash(workload.module)}  {name}")
    sys.stdout.flush()
    supervisor.run()
    echo("ended")
