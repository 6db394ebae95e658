"""Mutated files: read with reasons or refused with a message, never anything else. The long form is fuzz_reader.py."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import fuzz_reader
import pytest
from session_mutations import MUTATIONS, SAMPLES, mutate


def test_some_hundred_mutated_files_are_read_or_refused_and_hide_nothing(tmp_path: Path) -> None:
    counts, wrong = fuzz_reader.fuzz(400, 20, tmp_path)
    assert not wrong, wrong[0]
    assert counts["read"] + counts["refused"] == 400
    assert min(counts["read"], counts["refused"]) > 100, "both ways are tried"


@pytest.mark.parametrize("mutant", ["77-749", "78-4155", "78-8523"])
def test_what_the_readers_once_saw_differently_they_see_alike(mutant: str, tmp_path: Path) -> None:
    (tmp_path / "machine").mkdir()
    data = mutate(random.Random(mutant))[1]
    valid = tmp_path / "machine" / "0002_valid.json"
    valid.write_bytes(SAMPLES[0].read_bytes())
    assert fuzz_reader.try_one(tmp_path / "machine", data, fuzz_reader.read_session(valid)) == "read"


def test_every_mutation_makes_other_files(tmp_path: Path) -> None:
    originals = {sample.read_bytes() for sample in SAMPLES}
    made = [mutate(random.Random(number)) for number in range(300)]
    assert {name for name, _ in made} == {m.__name__.removeprefix("_") for m in MUTATIONS}
    assert sum(data in originals for _, data in made) < 15


def test_a_fault_of_the_reader_is_found_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path) -> fuzz_reader.StoredSession:
        if b"NaN" in path.read_bytes():
            raise KeyError("NaN")
        return read_session(path)

    read_session = fuzz_reader.read_session
    monkeypatch.setattr(fuzz_reader, "read_session", careless)
    counts, wrong = fuzz_reader.fuzz(300, 20, tmp_path)
    assert counts["wrong"] == len(wrong) > 0
    assert "of seed 20" in wrong[0]
    assert "KeyError: 'NaN'" in wrong[0]
    assert f"{len(wrong)} tracebacks, see above (seed 20)" in fuzz_reader.figure(300, 20, counts, wrong)


def test_the_long_form_prints_its_figure() -> None:
    command = [sys.executable, fuzz_reader.__file__, "30", "--seed", "3"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("30 mutated files: ")
    assert ran.stdout.endswith(" refused with a message, 0 tracebacks, valid neighbour always found (seed 3)\n")
