"""The first calls of a program, one kind of them, until the numbers of calls that are the steps' sizes: nothing is warmed up."""

from time import perf_counter

import numpy as np

from measure import comm, report, steps

rank = comm.rank
size = comm.size
dest, source = (rank + 1) % size, (rank - 1) % size


def call_of(row):
    data = {"a": 7, "b": 3.14}
    array = np.ones(128 if row == "allreduce-1k" else 1)
    into = np.empty_like(array)
    if row == "exchange":
        return lambda: comm.sendrecv(data, dest, source=source)
    if row == "number":
        return lambda: comm.allreduce(rank)
    if row in ("allreduce", "allreduce-1k"):
        return lambda: comm.Allreduce(array, into)
    if row == "bcast":
        return lambda: comm.Bcast(array)
    if row == "barrier":
        return comm.Barrier
    raise ValueError(row)


for other in range(size):
    if other != rank:
        comm.sendrecv(None, other, 1000, source=other, recvtag=1000)
calls = 0
spent = 0.0
call = call_of(steps[0]["row"])
for step in steps:
    start = perf_counter()
    while calls < step["size"]:
        call()
        calls += 1
    spent += perf_counter() - start
    report(step, spent * 1e6 / calls)
