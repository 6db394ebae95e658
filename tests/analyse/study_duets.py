"""Duets: do two revisions that run at the same time, a core each, need fewer sessions than two that take turns?

Bulej and others, "Duet benchmarking: improving measurement accuracy in the cloud" (ICPE 2020), run both in lockstep, so
that both meet the same disturbance and their ratio does not. `python tests/analyse/study_duets.py` measures it on the
machine as it is, with whatever else runs there: work for one core of about 30 ms a round, `--pairs` pairs of sessions
of `--rounds` rounds each way, in turns. "alternating": one session after the other, in random order, on any core, as
`parabench run` does. "duet": both at once, pinned to a core each, cores swapped after every round, each round begun
together. The figure is the spread of a pair's log ratio; as many times as many sessions are needed as its square is
larger. Both revisions are the same code, so that the ratio is 1. Then "beside": how much longer a round takes beside a
round of memory than beside one of the loop, because revisions that run together are part of what the other meets.
`--beside` prints that alone. Needs Linux and two cores.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

NUMBERS = random.Random(1).choices(range(10**9), k=40_000)


def loop() -> None:
    """Pure Python that stays in the cache."""
    total = 0
    for number in range(900_000):
        total += number & 7


def memory() -> None:
    """Lists that are made, sorted and thrown away."""
    for _ in range(2):
        sorted([number * 2 for number in NUMBERS])


WORK: dict[str, Callable[[], None]] = {"loop": loop, "memory": memory}


def revision(line: Connection, work: str) -> None:
    """A fresh process: runs a round on the core that it is told, whenever it is told; answers wall and CPU seconds."""
    run = WORK[work]
    run()  # the first round is a warm-up
    line.send(None)
    while (order := line.recv()) is not None:
        cores, at = order
        os.sched_setaffinity(0, cores)
        while time.perf_counter() < at:  # both begin together: waking up takes too different times
            pass
        began, cpu = time.perf_counter(), time.process_time()
        run()
        line.send((time.perf_counter() - began, time.process_time() - cpu))


def started(work: str) -> tuple[multiprocessing.Process, Connection]:
    """A process of one revision, warmed up."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=revision, args=(theirs, work), daemon=True)
    process.start()
    ours.recv()
    return process, ours


def alternating(work: str, rounds: int, cores: list[int], source: random.Random) -> dict[str, float]:
    """Log ratios of one pair of sessions, one after the other."""
    medians: dict[str, tuple[float, float]] = {}
    for side in source.sample(["base", "new"], 2):
        process, line = started(work)
        found = []
        for _ in range(rounds):
            line.send((set(cores), 0.0))
            found.append(line.recv())
        line.send(None)
        process.join()
        medians[side] = statistics.median(w for w, _ in found), statistics.median(c for _, c in found)
    return {
        "alternating": math.log(medians["new"][0] / medians["base"][0]),
        "alternating, CPU time": math.log(medians["new"][1] / medians["base"][1]),
    }


def duet(work: str, rounds: int, cores: list[int], source: random.Random) -> dict[str, float]:
    """Log ratios of one pair of sessions at the same time."""
    pairs = [started(work) for _ in range(2)]
    first = source.randrange(2)
    ratios, of_cpu = [], []
    for number in range(rounds):
        at = time.perf_counter() + 0.002
        for place, (_, line) in enumerate(pairs):
            line.send(({cores[(place + number + first) % 2]}, at))
        (base, base_cpu), (new, new_cpu) = (line.recv() for _, line in pairs)
        ratios.append(math.log(new / base))
        of_cpu.append(math.log(new_cpu / base_cpu))
    for process, line in pairs:
        line.send(None)
        process.join()
    # A round on either core together, so that a core that is busier than the other cancels.
    swapped = [statistics.fmean(ratios[n : n + 2]) for n in range(0, rounds - 1, 2)]
    return {
        "duet": statistics.median(swapped),
        "duet, CPU time": statistics.median(of_cpu),
    }


def beside(work: str, rounds: int, cores: list[int], source: random.Random) -> list[float]:
    """Log ratios of a round's time beside a round of memory to its time beside a round of the loop."""
    (process, line), neighbours = started(work), {name: started(name) for name in WORK}
    ratios = []
    for _ in range(rounds):
        seconds = {}
        for name in source.sample(list(WORK), 2):
            at = time.perf_counter() + 0.002
            line.send(({cores[0]}, at))
            neighbours[name][1].send(({cores[1]}, at))
            seconds[name], _ = line.recv()
            neighbours[name][1].recv()
        ratios.append(math.log(seconds["memory"] / seconds["loop"]))
    for done, end in ((process, line), *neighbours.values()):
        end.send(None)
        done.join()
    return ratios


def print_beside(work: str, rounds: int, cores: list[int], source: random.Random) -> None:
    """Print the median, with the interval of the sign test: order statistics, 95 %."""
    ratios = sorted(beside(work, rounds, cores, source))
    margin = round(0.98 * math.sqrt(len(ratios)))
    low, middle, high = (math.exp(ratios[len(ratios) // 2 + shift]) for shift in (-margin, 0, margin))
    print(f"{work}: beside memory a round takes {middle:.3f} [{low:.3f}, {high:.3f}] times as long as beside the loop")


def spread(values: list[float]) -> float:
    """Standard deviation about 0, which is the truth."""
    return math.sqrt(statistics.fmean(value * value for value in values))


def interval(one: list[float], other: list[float], source: random.Random) -> tuple[float, float]:
    """90 % bootstrap interval of the ratio of the variances of two ways, pairs drawn anew from each."""
    drawn = sorted(
        (spread(source.choices(one, k=len(one))) / spread(source.choices(other, k=len(other)))) ** 2
        for _ in range(2000)
    )
    return drawn[100], drawn[1900]


def main() -> None:
    """Print the spreads, and how many times as many sessions are needed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--beside", action="store_true", help="Nothing but what neighbours do to each other.")
    parser.add_argument("--rounds-beside", type=int, default=300, help="Rounds of each work beside either neighbour.")
    given = parser.parse_args()
    cores, source = sorted(os.sched_getaffinity(0))[:2], random.Random(1)
    for work in WORK if not given.beside else ():
        found: dict[str, list[float]] = {}
        load = []
        for _ in range(given.pairs):
            load.append(os.getloadavg()[0])
            for way in source.sample([alternating, duet], 2):
                for name, value in way(work, given.rounds, cores, source).items():
                    found.setdefault(name, []).append(value)
        print(f"\n{work}: {given.pairs} pairs, {given.rounds} rounds each, load {min(load):.1f} to {max(load):.1f}")
        for name, values in found.items():
            low, high = interval(found["alternating"], values, source)
            times = (spread(found["alternating"]) / spread(values)) ** 2
            quartile = statistics.quantiles([abs(value) for value in values], n=2)[0]
            print(
                f"  {name:24} spread {100 * spread(values):5.1f} %, median error {100 * quartile:5.1f} %; "
                f"alternating needs {times:5.2f} times as many sessions [{low:.2f}, {high:.2f}]",
                flush=True,
            )
    print()
    for work in WORK:
        print_beside(work, given.rounds_beside, cores, source)


if __name__ == "__main__":
    main()
