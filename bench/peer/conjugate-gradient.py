"""Conjugate gradient on the Laplacian of a line, whose unknowns lie in runs on the ranks: two dot products and two neighbours' values an iteration."""

import numpy as np
from mpi4py import MPI

from clock import during, timed
from measure import comm

UNKNOWNS = 200_000
ITERATIONS = 500

rank, size = comm.rank, comm.size
n = UNKNOWNS // size
left = MPI.PROC_NULL if rank == 0 else rank - 1
right = MPI.PROC_NULL if rank == size - 1 else rank + 1
edge = np.zeros(1)


def neighbour(value, dest, source):
    edge[0] = 0
    during(lambda: comm.Sendrecv(value, dest, recvbuf=edge, source=source))
    return edge[0]


def multiply(p, q):
    before = neighbour(p[-1:], right, left)
    behind = neighbour(p[:1], left, right)
    np.multiply(p, 2, out=q)
    q[1:] -= p[:-1]
    q[:-1] -= p[1:]
    q[0] -= before
    q[-1] -= behind


def program():
    x = np.zeros(n)
    r = np.ones(n)
    p = r.copy()
    q = np.empty(n)
    own = r @ r
    rr = during(lambda: comm.allreduce(own))
    for _ in range(ITERATIONS):
        multiply(p, q)
        pq = p @ q
        alpha = rr / during(lambda: comm.allreduce(pq))
        x += alpha * p
        r -= alpha * q
        own = r @ r
        following = during(lambda: comm.allreduce(own))
        p *= following / rr
        p += r
        rr = following


timed(program)
