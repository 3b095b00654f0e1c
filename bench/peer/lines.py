"""Lines of text, written by all ranks in rounds."""

import os
import shutil
import tempfile

from mpi4py import MPI

from measure import comm, report, steps, time

folder = comm.bcast(tempfile.mkdtemp(prefix="rxmpi-bench-") if comm.rank == 0 else None)
path = os.path.join(folder, "lines")
line = b"a line of a log ".ljust(99, b".") + b"\n"

for step in steps:
    if step["row"] != "write":
        continue
    rounds = step["size"] // comm.size

    def round(iterations):
        for _ in range(iterations):
            file = MPI.File.Open(comm, path, MPI.MODE_CREATE | MPI.MODE_WRONLY)
            for _ in range(rounds):
                file.Write_ordered(line)
            file.Close()

    report(step, step["size"] / 1000 / time(step, round))
if comm.rank == 0:
    shutil.rmtree(folder)
