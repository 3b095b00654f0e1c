"""Tasks of 10 µs on the one worker of an executor; how much of its time is the tasks'."""

from time import perf_counter

from mpi4py.futures import MPICommExecutor

from measure import comm, report, steps, time

TASK_MS = 0.01


def busy(n):
    end = perf_counter() + 0.00001
    while perf_counter() < end:
        pass
    return n


for step in steps:

    def round(iterations):
        with MPICommExecutor(comm, root=0) as executor:
            if executor is not None:
                done = sum(1 for _ in executor.map(busy, range(iterations), chunksize=step.get("window", 1)))
                assert done == iterations

    report(step, TASK_MS / time(step, round) * 100)
