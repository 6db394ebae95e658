"""An advice asked for and given as JSON: how another interpreter is asked. python -m parabench.advise.record < asked"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from parabench.advise.advice import Advice, Calls, Cause, RuledOut, Standing, Warned
from parabench.advise.advisor import advise_on
from parabench.advise.request import Request
from parabench.advise.target import Target, setup_of, target_of, twin_of
from parabench.session.answers import Choice


def asked(request: Request) -> dict[str, Any]:
    """A request as JSON; what is saved, and told on the way, is for whoever asks."""
    return {
        "target": _text(request.target),
        "twin": None if request.twin is None else _text(request.twin),
        "setup": None if request.setup is None else _text(request.setup),
        "items": list(request.items),
        "options": {
            name: getattr(request, name)
            for name in (
                *("items_text", "budget_seconds", "call_timeout_seconds", "most_in_flight", "each_once"),
                *("each_once_asked", "on_busy", "seed"),
            )
        },
    }


def _text(target: Target) -> list[str]:
    return [target.reference, str(target.root or Path.cwd())]


def answered(answer: Mapping[str, Any]) -> Advice:
    """The advice that JSON holds."""
    fields = dict(answer)
    fields["use"] = None if answer["use"] is None else Choice(**answer["use"])
    fields["equals"] = tuple(Choice(**choice) for choice in answer["equals"])
    fields["following"] = tuple(
        Standing(**{**standing, "choice": Choice(**standing["choice"])}) for standing in answer["following"]
    )
    fields["ruled_out"] = tuple(RuledOut(**ruled_out) for ruled_out in answer["ruled_out"])
    fields["causes"] = tuple(Cause(**cause) for cause in answer["causes"])
    fields["warnings"] = tuple(Warned(**warning) for warning in answer["warnings"])
    fields["calls"] = Calls(**answer["calls"])
    fields["otherwise"], fields["checked"] = tuple(answer["otherwise"]), ()
    return Advice(**fields)


def main() -> None:
    """Answer the question on standard input. Raises ParabenchError as advising does."""
    question = json.load(sys.stdin)
    reference, root = question["target"]
    twin, setup = question["twin"], question["setup"]
    advice = advise_on(
        Request(
            target=target_of(reference, Path(root)),
            twin=None if twin is None else twin_of(twin[0], Path(twin[1])),
            setup=None if setup is None else setup_of(setup[0], Path(setup[1])),
            items=question["items"],
            **question["options"],
        )
    )
    print(json.dumps(asdict(advice)))  # noqa: T201  # that is the answer


if __name__ == "__main__":
    main()
