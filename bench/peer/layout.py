"""Ping-pong of memory that is not contiguous, by derived datatypes."""

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

KiB = 1024
other = 1 - comm.rank


def column(_):
    return [np.ones(KiB * KiB), 1, MPI.DOUBLE.Create_vector(KiB, 1, KiB).Commit()]


def blocks(size):
    length = size // 8
    return [np.ones(2 * 4096 * length), 1, MPI.DOUBLE.Create_vector(4096, length, 2 * length).Commit()]


def records(_):
    types = [MPI.UINT32_T, MPI.DOUBLE, MPI.DOUBLE, MPI.UINT8_T]
    record = MPI.Datatype.Create_struct([1, 1, 3, 1], [0, 8, 16, 40], types).Create_resized(0, 48).Commit()
    return [np.zeros(4096 * 48, dtype=np.uint8), 4096, record]


rows = {
    "column": column,
    "blocks": lambda _: blocks(64),
    "records": records,
    "long-blocks": lambda step: blocks(KiB) if step["size"] == KiB else [np.ones(4096 * KiB // 8), 4096 * KiB // 8, MPI.DOUBLE],
}

for step in steps:
    data = rows[step["row"]](step)

    def round(iterations):
        for _ in range(iterations):
            if comm.rank == 0:
                comm.Send(data, other)
            comm.Recv(data, other)
            if comm.rank == 1:
                comm.Send(data, other)

    report(step, time(step, round) * 1000 / 2)
