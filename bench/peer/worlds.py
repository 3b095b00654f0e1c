"""Four ranks that one starts, to where both sides have disconnected; and two ranks that meet at a port and part again."""

import sys
from pathlib import Path

from mpi4py import MPI

from measure import comm, report, steps, time

child = str(Path(__file__).with_name("worlds-child.py"))
port = comm.bcast(MPI.Open_port() if comm.rank == 0 else None)


def spawn():
    if comm.rank == 0:
        MPI.COMM_SELF.Spawn(sys.executable, [child], maxprocs=4).Disconnect()


def connect():
    inter = MPI.COMM_SELF.Accept(port) if comm.rank == 0 else MPI.COMM_SELF.Connect(port)
    inter.Disconnect()


for step in steps:
    once = spawn if step["row"] == "spawn" else connect

    def rounds(iterations):
        for _ in range(iterations):
            once()
            comm.Barrier()

    report(step, time(step, rounds))
