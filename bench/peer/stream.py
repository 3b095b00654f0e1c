"""Rounds of allreduce of a number, in a loop."""

from measure import comm, report, steps, time


def rounds(iterations):
    for k in range(iterations):
        comm.allreduce(k)


for step in steps:
    report(step, 1 / time(step, rounds))
