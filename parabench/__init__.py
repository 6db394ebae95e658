"""Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?"""

from parabench.workload import Workload, workload

__all__ = ["Workload", "workload"]
