"""Rank 0 sends a window of arrays at once, rank 1 receives them in place and answers."""

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

answer = np.zeros(1)

for step in steps:
    size, window = step["size"], step["window"]
    array = np.ones(size // 8)

    def round(iterations):
        for _ in range(iterations):
            if comm.rank == 0:
                MPI.Request.Waitall([comm.Isend(array, 1) for _ in range(window)])
                comm.Recv(answer, 1)
            else:
                MPI.Request.Waitall([comm.Irecv(array, 0) for _ in range(window)])
                comm.Send(answer, 0)

    report(step, size * window / time(step, round) / 1000)
