"""What the programs share: the plan from the command line, medians, lines of JSON."""

import json
import sys
from statistics import median
from time import perf_counter

from mpi4py import MPI

comm = MPI.COMM_WORLD


def abort(kind, error, trace):
    """A rank that fails ends the others, which would wait for it without an end."""
    sys.__excepthook__(kind, error, trace)
    sys.stderr.flush()
    comm.Abort(1)


sys.excepthook = abort
plan = json.loads(sys.argv[1])
steps = plan["steps"]


def are_flat(times):
    """As bench/flat.ts."""
    quarter = len(times) // 4
    if quarter < 2:
        return False
    return median(times[-quarter:]) > 0.95 * median(times[-2 * quarter : -quarter])


def warm_up(iterations, round):
    """Calls until the times are flat, as long as rxmpi does; rank 0 decides."""
    times = []
    begin = perf_counter()
    while True:
        seconds = perf_counter() - begin
        is_warm = (seconds >= plan["least"] and are_flat(times)) or seconds >= plan["most"]
        if comm.bcast(is_warm):
            return
        start = perf_counter()
        round(iterations)
        times.append(perf_counter() - start)


def time(step, round):
    """The median time of an iteration in milliseconds."""
    iterations = step["iterations"]
    warmup = step.get("warmup")
    comm.Barrier()
    if warmup is None:
        warm_up(iterations, round)
    else:
        round(warmup)
    times = []
    for _ in range(plan["repetitions"]):
        comm.Barrier()
        start = perf_counter()
        round(iterations)
        times.append((perf_counter() - start) / iterations * 1000)
    return median(times)


def report(step, value):
    if comm.rank == 0:
        print(json.dumps({"row": step["row"], "size": step.get("size"), "value": value}), flush=True)
