"""One of two ranks acts on the memory of the other, which waits."""

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

target = 1
most = max([8] + [step.get("size") or 8 for step in steps])
numbers = MPI.Win.Allocate(most, 8, comm=comm)
integers = MPI.Win.Allocate(8, 8, comm=comm)


def act(step):
    row = step["row"]
    array = np.ones((step.get("size") or 8) // 8)
    one, zero, result = (np.full(1, value, dtype="i8") for value in (1, 0, 0))

    def put():
        numbers.Put(array, target)
        numbers.Flush(target)

    def get():
        numbers.Get(array, target)
        numbers.Flush(target)

    def accumulate():
        numbers.Accumulate(array, target, op=MPI.SUM)
        numbers.Flush(target)

    def fetch():
        integers.Fetch_and_op(one, result, target, op=MPI.SUM)
        integers.Flush(target)

    def swap():
        integers.Compare_and_swap(zero, zero, result, target)
        integers.Flush(target)

    def lock():
        numbers.Lock(target)
        numbers.Put(array, target)
        numbers.Unlock(target)

    calls = {"put": put, "get": get, "accumulate": accumulate, "fetchAndOp": fetch, "compareAndSwap": swap, "lock": lock}
    return calls[row]


for step in steps:
    call = act(step)
    held = step["row"] != "lock" and comm.rank == 0

    def rounds(iterations):
        if held:
            numbers.Lock_all()
            integers.Lock_all()
        if comm.rank == 0:
            for _ in range(iterations):
                call()
        if held:
            numbers.Unlock_all()
            integers.Unlock_all()
        comm.Barrier()

    report(step, time(step, rounds) * 1000)

numbers.Free()
integers.Free()
