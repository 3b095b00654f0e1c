"""Heat that spreads on a square whose blocks lie on a grid of ranks: every step fills the ghosts by derived datatypes."""

import numpy as np
from mpi4py import MPI

from clock import during, timed
from measure import comm

SIDE = 1024
STEPS = 1000

dims = MPI.Compute_dims(comm.size, 2)
grid = comm.Create_cart(dims)
rows, columns = SIDE // dims[0], SIDE // dims[1]
shape = [rows + 2, columns + 2]


def box(sizes, starts):
    return MPI.DOUBLE.Create_subarray(shape, sizes, starts).Commit()


up, down = grid.Shift(0, 1)
left, right = grid.Shift(1, 1)
row = [1, columns]
column = [rows, 1]
sends = [
    (box(row, [1, 1]), up, 0),
    (box(row, [rows, 1]), down, 1),
    (box(column, [1, 1]), left, 2),
    (box(column, [1, columns]), right, 3),
]
receives = [
    (box(row, [rows + 1, 1]), down, 0),
    (box(row, [0, 1]), up, 1),
    (box(column, [1, columns + 1]), right, 2),
    (box(column, [1, 0]), left, 3),
]


def exchange(u):
    requests = [grid.Irecv([u, 1, t], p, tag) for t, p, tag in receives]
    requests += [grid.Isend([u, 1, t], p, tag) for t, p, tag in sends]
    MPI.Request.Waitall(requests)


def step(old, new):
    inner = old[1:-1, 1:-1]
    new[1:-1, 1:-1] = inner + 0.2 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:] - 4 * inner)


def program():
    now = np.zeros(shape)
    following = np.zeros(shape)
    if comm.rank == 0:
        now[1, 1:-1] = 100
    for _ in range(STEPS):
        during(lambda: exchange(now))
        step(now, following)
        now, following = following, now


timed(program)
