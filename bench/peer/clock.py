"""How long a program takes in all, and how much of that it spends in communication."""

from time import perf_counter

from measure import comm, report, steps

communication = 0.0


def during(call):
    """Counts what a call takes as communication."""
    global communication
    start = perf_counter()
    value = call()
    communication += perf_counter() - start
    return value


def timed(program):
    """Runs a program once, cold, and reports its times."""
    comm.Barrier()
    start = perf_counter()
    program()
    whole = perf_counter() - start
    comm.Barrier()
    for step in steps:
        report(step, (communication if step["row"] == "communication" else whole) * 1000)
