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


def time(step, round):
    """The median time of an iteration in milliseconds."""
    iterations = step["iterations"]
    comm.Barrier()
    round(step["warmup"])
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
