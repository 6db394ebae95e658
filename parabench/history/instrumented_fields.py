"""What the untimed rounds of a cell add to its `extra_info`: figures, or None with the reason beside it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from parabench.records import Instrumented, SampledRound


def memory_fields(instrumented: Instrumented | None) -> dict[str, Any]:
    """The most memory that a batch took."""
    return {
        "bytes_peak": instrumented.bytes_peak if instrumented else None,
        "bytes_before_batch": instrumented.bytes_before if instrumented else None,
        "memory_samples": instrumented.samples if instrumented else 0,
        "memory_reason": instrumented.reason if instrumented else "no instrumented round was run",
    }


def thread_fields(instrumented: Instrumented | None) -> dict[str, Any]:
    """Where threads with a task were, and in whose code; what sending took; how an event loop turned."""
    none = "no instrumented round was run"
    sites = instrumented.wait_sites if instrumented else None
    sampled = (instrumented.sampled if instrumented else None) or SampledRound()
    return {
        "wait_sites": _shares(sites),
        "wait_looks": sum((sites or {}).values()),
        "wait_sites_reason": instrumented.wait_sites_reason if instrumented else none,
        "cpu_packages": _shares(sampled.cpu_packages),
        "cpu_samples": sum((sampled.cpu_packages or {}).values()),
        "cpu_packages_reason": sampled.cpu_packages_reason if instrumented else none,
        "await_chain": sampled.await_chain,
        "await_chain_reason": sampled.await_chain_reason if instrumented else none,
        "perf_counters": instrumented.perf_counters if instrumented else None,
        "perf_counters_reason": instrumented.perf_counters_reason if instrumented else none,
        "serialisation": asdict(instrumented.serialisation) if instrumented and instrumented.serialisation else None,
        "seconds_loop_stalled": instrumented.seconds_stalled if instrumented else None,
        "seconds_loop_stalled_longest": instrumented.seconds_stalled_longest if instrumented else None,
    }


def _shares(counts: dict[str, int] | None) -> dict[str, float] | None:
    return {name: count / sum(counts.values()) for name, count in sorted(counts.items())} if counts else None
