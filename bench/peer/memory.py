"""The most memory that was resident in a rank, on average: each is a process, mpirun itself is not counted."""

import sys
from resource import RUSAGE_SELF, getrusage

from measure import comm, report, steps

print(f"I am rank {comm.rank} in group of {comm.size} processes")
unit = 1 if sys.platform == "darwin" else 1024
total = comm.reduce(getrusage(RUSAGE_SELF).ru_maxrss * unit)
for step in steps:
    if comm.rank == 0:
        report(step, total / comm.size / 1e6)
