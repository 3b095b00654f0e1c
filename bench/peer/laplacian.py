"""Conjugate gradient on the Laplacian of a square on a grid of ranks: an exchange of ghosts and two dot products an iteration."""

import numpy as np
from mpi4py import MPI

from clock import during, timed
from measure import comm

SIDE = 512
ITERATIONS = 500

dims = MPI.Compute_dims(comm.size, 2)
grid = comm.Create_cart(dims)
rows, columns = SIDE // dims[0], SIDE // dims[1]
shape = [rows + 2, columns + 2]


def box(sizes, starts):
    return MPI.DOUBLE.Create_subarray(shape, sizes, starts).Commit()


up, down = grid.Shift(0, 1)
left, right = grid.Shift(1, 1)
row, column = [1, columns], [rows, 1]
sends = [(box(row, [1, 1]), up, 0), (box(row, [rows, 1]), down, 1), (box(column, [1, 1]), left, 2), (box(column, [1, columns]), right, 3)]
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


# Persistent collectives came with mpi4py 4.
own = np.zeros(1)
total = np.zeros(1)
added = comm.Allreduce_init(own, total) if hasattr(comm, "Allreduce_init") else None


def add():
    if added is None:
        comm.Allreduce(own, total)
    else:
        added.Start()
        added.Wait()


def dot(a, b):
    own[0] = np.vdot(a, b)
    during(add)
    return total[0]


def program():
    x = np.zeros((rows, columns))
    r = np.ones((rows, columns))
    p = np.zeros(shape)
    inner = p[1:-1, 1:-1]
    inner[:] = r
    rr = dot(r, r)
    for _ in range(ITERATIONS):
        during(lambda: exchange(p))
        q = 4 * inner - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:]
        alpha = rr / dot(inner, q)
        x += alpha * inner
        r -= alpha * q
        following = dot(r, r)
        inner *= following / rr
        inner += r
        rr = following


timed(program)
