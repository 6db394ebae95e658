"""Everything two numbers must share to be comparable: machine, operating system, interpreter build.

Nothing here tells who or where the user is: no host name, user name, home directory or environment value.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from parabench.machine import readings as machine
from parabench.machine.cores import cgroup_cores, cores_usable
from parabench.machine.gil import gil_enabled

#: The parts that decide whether two sessions may be compared; the rest is recorded beside them.
COMPARABLE = (
    "cpu",
    "cores_usable",
    "machine",
    "system",
    "python_implementation",
    "python_version",
    "python_implementation_version",
    "gil_enabled",
    "jit_enabled",
    "debug_build",
)


def _known(reasons: dict[str, str], part: str) -> Any:
    """What the reader of a part says; where it says nothing, `reasons` is told why."""
    read, why_none = READERS[part]
    try:
        value = read()
    except (OSError, ValueError) as error:
        value, why = None, f"it could not be read: {type(error).__name__}"
    else:
        why = why_none
    if value is None:
        reasons[part] = why
    return value


def take_fingerprint() -> dict[str, Any]:
    """The fingerprint of this process. Unknown parts are None; `reasons` says why, by part."""
    reasons: dict[str, str] = {}
    known = functools.partial(_known, reasons)
    return {
        "cpu": known("cpu"),
        "governor": known("governor"),
        "cores_usable": cores_usable(),
        "cores_present": known("cores_present"),
        "cores_affinity": known("cores_affinity"),
        "cores_quota": known("cores_quota"),
        "bytes_memory": known("bytes_memory"),
        "virtualised": known("virtualised"),
        "container": known("container"),
        "machine": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
        "libc": known("libc"),
        "python_implementation": platform.python_implementation(),
        "python_version": platform.python_version(),
        "python_implementation_version": implementation_version(),
        "python_build": list(platform.python_build()),
        "python_build_flags": known("python_build_flags"),
        "python_compiler": platform.python_compiler(),
        "gil_enabled": gil_enabled(),
        "jit_enabled": jit_enabled(),
        "debug_build": bool(sysconfig.get_config_var("Py_DEBUG")),
        "reasons": reasons,
    }


def machine_info(fingerprint: dict[str, Any] | None = None) -> dict[str, Any]:
    """pytest-benchmark's `machine_info` from a fingerprint, by default this process's, under the keys it expects."""
    fingerprint = fingerprint or take_fingerprint()
    shared = (
        "machine",
        "python_compiler",
        "python_implementation",
        "python_implementation_version",
        "python_version",
        "python_build",
        "release",
        "system",
    )
    return {
        "node": machine_id(fingerprint),
        "processor": fingerprint["machine"],
        **{key: fingerprint[key] for key in shared},
        "cpu": {"brand_raw": fingerprint["cpu"], "count": fingerprint["cores_present"]},
    }


def machine_id(fingerprint: dict[str, Any]) -> str:
    """Folder name of a fingerprint: readable parts first, then a hash of all comparable ones."""
    comparable = json.dumps({key: fingerprint.get(key) for key in COMPARABLE}, sort_keys=True)
    digest = hashlib.sha256(comparable.encode()).hexdigest()[:8]
    version = fingerprint["python_version"]
    if fingerprint["python_implementation"] != "CPython":
        version += f"-{fingerprint['python_implementation_version']}"
    build = version + ("" if fingerprint["gil_enabled"] else "t") + ("-jit" if _surprising_jit(fingerprint) else "")
    parts = (fingerprint["system"], fingerprint["machine"], fingerprint["python_implementation"], build, digest)
    return re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(map(str, parts)))


def _surprising_jit(fingerprint: dict[str, Any]) -> bool:
    """Whether the JIT has to be told apart by name: PyPy always has one."""
    return bool(fingerprint["jit_enabled"]) and fingerprint["python_implementation"] == "CPython"


def jit_enabled() -> bool:
    """Whether a JIT compiler is on in this process."""
    if platform.python_implementation() == "PyPy":
        return True
    jit = getattr(sys, "_jit", None)
    return bool(jit is not None and jit.is_enabled())


def implementation_version() -> str:
    """Version of the interpreter itself: PyPy's own number, which is not that of the language."""
    return ".".join(map(str, sys.implementation.version[:3]))


def cpu_model() -> str | None:
    """The processor's name; None when the system does not tell."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        fields = {key.strip(): value.strip() for key, _, value in lines}
        return fields.get("model name") or fields.get("Model") or fields.get("CPU part")
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        return answer.stdout.strip() or None
    return platform.processor() or None


def bytes_memory() -> int | None:
    """Physical memory; None where sysconf(3) does not know."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def governor() -> str | None:
    """What chooses the clock rate of the cores: one name, or all of them where cores differ."""
    return ", ".join(sorted(set(machine.governors().values()))) or None


def build_flags() -> list[str] | None:
    """Those flags of the interpreter's build that change its speed."""
    configured, compiled = map(sysconfig.get_config_var, ("CONFIG_ARGS", "PY_CFLAGS"))
    return machine.python_build_flags(configured, compiled)


#: How each part that can be unknown is read, and what it means when nothing is read.
READERS: Mapping[str, tuple[Callable[[], Any], str]] = {
    "cpu": (cpu_model, "the system does not name its processor"),
    "governor": (governor, "the system shows none, as in most virtual machines"),
    "cores_present": (os.cpu_count, "the system does not tell it"),
    "cores_affinity": (machine.cores_by_affinity, "the system does not bind processes to cores"),
    "cores_quota": (cgroup_cores, "no control group limits it"),
    "bytes_memory": (bytes_memory, "sysconf(3) does not tell it here"),
    "virtualised": (machine.virtualised, "neither the processor's flags nor the kernel tell"),
    "container": (machine.in_container, "only Linux shows signs of it"),
    "libc": (machine.libc, "the C library does not tell"),
    "python_build_flags": (build_flags, "the interpreter does not record them"),
}


def versions_of(distributions: tuple[str, ...]) -> dict[str, str | None]:
    """Installed version of each distribution; None when it is not installed."""
    versions: dict[str, str | None] = {}
    for name in distributions:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions
