"""A ring of ranks exchanges with both neighbours again and again."""

import numpy as np

from measure import comm, report, steps, time

ring = comm.Create_cart([comm.size], periods=[True])

for step in steps:
    own = np.ones(step["size"] // 4)
    into = np.zeros(step["size"] // 4)

    def round(iterations):
        for _ in range(iterations):
            ring.Neighbor_alltoall(own, into)

    report(step, time(step, round) * 1000)
