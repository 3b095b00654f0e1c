"""Rank 0 sends short messages in windows, rank 1 receives them one by one."""

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

for step in steps:
    size, window = step.get("size", 64), step["window"]
    data = np.zeros(size, dtype="u1")

    def round(iterations):
        if comm.rank == 0:
            for _ in range(iterations):
                MPI.Request.Waitall([comm.Isend(data, 1) for _ in range(window)])
            comm.recv(source=1)
        else:
            for _ in range(iterations * window):
                comm.Recv(data, 0)
            comm.send(0, 0)

    report(step, window / time(step, round) / 1000)
