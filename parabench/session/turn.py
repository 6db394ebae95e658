"""One turn of a run: a session in a fresh process, varying on purpose what machines and users vary by accident.

Where a process's memory begins depends on the size of its environment and the length of its paths, and the order of
sets of strings on the hash seed; both move times by per cents (Mytkowicz, Diwan, Hauswirth and Sweeney, "Producing
wrong data without doing anything obviously wrong!", ASPLOS 2009). A session has one draw of each, so they are drawn
anew for every session, and recorded.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: How a session is told that it is part of a run.
VARIABLE = "PARABENCH_RUN"
PADDING_VARIABLE = "PARABENCH_PADDING"
HASH_SEEDS = 2**32
ENVIRONMENT_BYTES_MOST, DIRECTORY_CHARACTERS_MOST = 4096, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one session of a run is told."""

    #: Id of the run.
    id: str
    #: What is compared: a revision, an interpreter; empty in a run of one.
    arm: str
    #: From 0, in the order in which they run.
    turn: int
    #: Seed of the session's orders and data; the same for all arms of a block.
    seed: int
    hash_seed: int
    environment_bytes: int
    directory_characters: int


def turns_of(run: str, arms: list[str], sessions: int, source: random.Random) -> list[Turn]:
    """The turns of a run: blocks of one session for each arm in a random order, so that drift meets all arms alike."""
    turns: list[Turn] = []
    for _ in range(sessions):
        seed = source.randrange(2**32)
        for arm in source.sample(arms, len(arms)):
            turns.append(
                Turn(
                    id=run,
                    arm=arm,
                    turn=len(turns),
                    seed=seed,
                    hash_seed=source.randrange(HASH_SEEDS),
                    environment_bytes=source.randrange(ENVIRONMENT_BYTES_MOST),
                    directory_characters=1 + source.randrange(DIRECTORY_CHARACTERS_MOST),
                )
            )
    return turns


def environment_of(turn: Turn, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a turn's process."""
    return {
        **environment,
        VARIABLE: json.dumps(asdict(turn)),
        PADDING_VARIABLE: "x" * turn.environment_bytes,
        "PYTHONHASHSEED": str(turn.hash_seed),
    }


def turn_told(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """What this process has been told of its turn; None when it is part of no run."""
    text = environment.get(VARIABLE)
    if text is None:
        return None
    try:
        return asdict(Turn(**json.loads(text)))
    except (ValueError, TypeError):  # somebody else's variable
        return None
