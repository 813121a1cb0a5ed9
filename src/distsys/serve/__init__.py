"""The front room for real runs: clusters of processes on this machine, and clients that ask them.

`python -m distsys serve raft-kv --nodes 3 --port 0 --data-dir data` starts a cluster. `Client` asks it from Python, and
`Cluster` starts one from Python.
"""

from .client import Answer, Client
from .processes import ProcessCluster, processes
from .supervisor import Supervisor

__all__ = ["Answer", "Client", "ProcessCluster", "Supervisor", "processes"]
