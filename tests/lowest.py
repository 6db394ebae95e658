"""Install the lowest version that each requirement of the core allows, into the environment that runs this."""

from __future__ import annotations

import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

from parabench.run.installer import find_installer, install


def lowest() -> list[str]:
    """name==version for every requirement of the core, and of the workloads that fetch."""
    pinned = []
    for text in requires("parabench") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": "github"}):
            continue
        floors = [one.version for one in requirement.specifier if one.operator == ">="]
        pinned.append(f"{requirement.name}=={floors[0]}")
    return pinned


if __name__ == "__main__":
    wanted = lowest()
    sys.stdout.write(f"{' '.join(wanted)}\n")
    problem = install(find_installer(sys.stdout.write), wanted, build=True, seconds_at_most=900.0)
    sys.exit("\n".join(problem) if problem else 0)
