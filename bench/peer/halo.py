"""Ghost cells around the blocks of a grid of ranks are filled again and again, by Isend and Irecv of subarrays; corners dimension by dimension."""

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

blocks = {"square": ([512, 512], False), "cube": ([64, 64, 64], True)}


def face(shape, sizes, starts):
    return MPI.DOUBLE.Create_subarray(shape, sizes, starts).Commit()


for step in steps:
    sizes, corners = blocks[step["row"]]
    n = len(sizes)
    grid = comm.Create_cart(MPI.Compute_dims(comm.size, n), periods=[True] * n)
    shape = [size + 2 for size in sizes]
    u = np.zeros(shape)
    stages = []
    for d in range(n):
        # Of dimensions that were done before, with corners, the ghosts go along.
        span = [shape[k] if corners and k < d else 1 if k == d else sizes[k] for k in range(n)]
        at = [0 if corners and k < d else 1 for k in range(n)]

        def place(where):
            return face(shape, span, at[:d] + [where] + at[d + 1 :])

        below, above = grid.Shift(d, 1)
        sends = [(place(1), below, 0), (place(sizes[d]), above, 1)]
        receives = [(place(0), below, 1), (place(sizes[d] + 1), above, 0)]
        stages.append((sends, receives))
    if not corners:
        stages = [([s for sends, _ in stages for s in sends], [r for _, receives in stages for r in receives])]
        # Of several dimensions at once each has tags of its own.
        tagged = [([(t, p, tag + 2 * (k // 2)) for k, (t, p, tag) in enumerate(side)]) for side in stages[0]]
        stages = [tuple(tagged)]

    def round(iterations):
        for _ in range(iterations):
            for sends, receives in stages:
                requests = [grid.Irecv([u, 1, t], p, tag) for t, p, tag in receives]
                requests += [grid.Isend([u, 1, t], p, tag) for t, p, tag in sends]
                MPI.Request.Waitall(requests)

    report(step, time(step, round) * 1000)
