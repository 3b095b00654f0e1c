"""Rank 0 sleeps while rank 1 sends it numbered objects as fast as it may; afterwards it receives every one of them."""

import os
from time import sleep

from measure import comm, report, steps


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


comm.Barrier()
before = resident()

for step in steps:
    comm.Barrier()
    if comm.rank == 1:
        for number in range(step["iterations"]):
            comm.send({"number": number}, 0)
    else:
        sleep(step["seconds"])
        most = resident()
        for number in range(step["iterations"]):
            received = comm.recv(source=1)
            if received["number"] != number:
                raise RuntimeError(f"message {number} was lost: {received['number']} came in its place")
            if number % 65_536 == 0:
                most = max(most, resident())
        report(step, (most - before) / 1e6)
