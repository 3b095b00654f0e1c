"""Conjugate gradient on the Laplacian of a square on a grid of ranks: an exchange of ghosts and two dot products an iteration."""

import numpy as np

from blocks import Blocks
from clock import during, timed
from measure import comm

SIDE = 512
ITERATIONS = 500

blocks = Blocks(SIDE)


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
    x = np.zeros((blocks.rows, blocks.columns))
    r = np.ones((blocks.rows, blocks.columns))
    p = np.zeros(blocks.shape)
    inner = p[1:-1, 1:-1]
    inner[:] = r
    rr = dot(r, r)
    for _ in range(ITERATIONS):
        during(lambda: blocks.exchange(p))
        q = 4 * inner - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:]
        alpha = rr / dot(inner, q)
        x += alpha * inner
        r -= alpha * q
        following = dot(r, r)
        inner *= following / rr
        inner += r
        rr = following


timed(program)
