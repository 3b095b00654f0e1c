"""Sample sort: each rank sorts its numbers, splitters are chosen of samples, and every rank gets the run that is its own."""

import numpy as np

from clock import during, timed
from measure import comm

NUMBERS = 10_000_000
SAMPLES = 64

rank, size = comm.rank, comm.size
own = np.random.default_rng(rank).random(NUMBERS // size)


def program():
    own.sort()
    samples = own[np.arange(SAMPLES) * len(own) // SAMPLES]
    gathered = np.empty(SAMPLES * size)
    during(lambda: comm.Allgather(samples, gathered))
    gathered.sort()
    bounds = np.searchsorted(own, gathered[SAMPLES::SAMPLES])
    counts = np.diff(np.concatenate(([0], bounds, [len(own)])))

    def exchange():
        theirs = np.empty_like(counts)
        comm.Alltoall(counts, theirs)
        received = np.empty(theirs.sum())
        comm.Alltoallv([own, counts], [received, theirs])
        return received

    received = during(exchange)
    received.sort()


timed(program)
