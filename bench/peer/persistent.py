"""Calls that are made once and started, beside the plain ones. mpi4py 3 has no persistent collectives and no partitioned sends."""

import numpy as np

from measure import comm, report, steps, time

other = 1 - comm.rank


def ping_pong(data, send, receive):
    def round(iterations):
        for _ in range(iterations):
            if comm.rank == 0:
                send()
            receive()
            if comm.rank == 1:
                send()

    return round


def plain(length):
    data = np.zeros(length)
    return ping_pong(data, lambda: comm.Send(data, other), lambda: comm.Recv(data, other))


def started():
    data = np.zeros(1)
    out, back = comm.Send_init(data, other), comm.Recv_init(data, other)

    def run(request):
        request.Start()
        request.Wait()

    return ping_pong(data, lambda: run(out), lambda: run(back))


def allreduce():
    own, into = np.ones(1), np.zeros(1)

    def round(iterations):
        for _ in range(iterations):
            comm.Allreduce(own, into)

    return round


for step in steps:
    row, size = step["row"], step["size"]
    if row == "allreduce":
        report(step, time(step, allreduce()) * 1000)
    elif row == "partitions":
        report(step, time(step, plain(2**17)) * 1000 / 2)
    else:
        report(step, time(step, started() if size == 1 else plain(1)) * 1000 / 2)
