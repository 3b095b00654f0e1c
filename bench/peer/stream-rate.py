"""Rank 0 sends objects one after the other, rank 1 receives and counts them."""

from mpi4py import MPI

from measure import comm, report, steps, time

values = {"objects": lambda k: {"a": 7, "b": 3.14}, "numbers": lambda k: float(k)}

for step in steps:
    value = values[step["row"]]

    def round(iterations):
        if comm.rank == 0:
            for start in range(0, iterations, 64):
                MPI.Request.waitall([comm.isend(value(k), 1) for k in range(start, min(iterations, start + 64))])
            comm.recv(source=1)
        else:
            for _ in range(iterations):
                comm.recv(source=0)
            comm.send(0, 0)

    report(step, 1 / time(step, round) / 1000)
