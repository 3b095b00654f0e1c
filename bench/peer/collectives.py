"""Every rank calls a collective again and again; the last call is followed by a barrier."""

import numpy as np

from measure import comm, report, steps, time

rank = comm.rank
size = comm.size


def call_of(step):
    row = step["row"]
    count = (step.get("size") or 8) // 8
    array = np.ones(count)
    into = np.empty(count)
    whole = np.ones(count * size if row in ("alltoall", "scatter", "reduceScatter") else 0)
    joined = np.empty(count * size if row in ("gather", "allgather", "alltoall") else 0)
    if row == "barrier":
        return comm.Barrier
    if row == "number":
        return lambda: comm.allreduce(rank)
    if row == "bcast":
        return lambda: comm.Bcast(array)
    if row == "reduce":
        return lambda: comm.Reduce(array, into)
    if row == "reduceScatter":
        return lambda: comm.Reduce_scatter_block(whole, into)
    if row == "scatter":
        return lambda: comm.Scatter(whole, into)
    if row in ("allreduce", "allocated"):
        return lambda: comm.Allreduce(array, into)
    if row == "gather":
        return lambda: comm.Gather(array, joined)
    if row == "allgather":
        return lambda: comm.Allgather(array, joined)
    if row == "alltoall":
        return lambda: comm.Alltoall(whole, joined)
    raise ValueError(row)


for step in steps:
    call = call_of(step)

    def rounds(iterations):
        for _ in range(iterations):
            call()
        # A root may be ahead of the others.
        comm.Barrier()

    report(step, time(step, rounds) * 1000)
