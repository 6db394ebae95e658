"""Environment variables by which a session tells the processes that it starts what they need to know."""

from __future__ import annotations

#: The session's folder for files; a cell that is killed leaves its folder to the session to remove.
SCRATCH_VARIABLE = "PARABENCH_SCRATCH"
#: Hosts that mocked workloads, which cut a worker off from the network, may still reach: the model's own peers.
PEERS_VARIABLE = "PARABENCH_PEERS"
#: Where the broker of task queues is, for those who keep its password out of the list of processes. What a session or a
#: worker starts is told by a pipe instead.
BROKER_VARIABLE = "PARABENCH_BROKER"
