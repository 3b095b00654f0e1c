"""A file that both ranks write and read, a block of each at a time: in a row, alone or together, or interleaved in one view."""

import os
import shutil
import tempfile

import numpy as np
from mpi4py import MPI

from measure import comm, report, steps, time

folder = comm.bcast(tempfile.mkdtemp(prefix="rxmpi-bench-") if comm.rank == 0 else None)
file = MPI.File.Open(comm, os.path.join(folder, "blocks"), MPI.MODE_CREATE | MPI.MODE_RDWR | MPI.MODE_DELETE_ON_CLOSE)

for step in steps:
    row, size, window = step["row"], step["size"], step["window"]
    write = row.startswith("write")
    interleaved = row.endswith("-interleaved")
    together = interleaved or row.endswith("-all")
    block = np.full(size // 8, float(comm.rank))
    if interleaved:
        filetype = MPI.BYTE.Create_contiguous(size).Create_resized(0, comm.size * size).Commit()
        file.Set_view(comm.rank * size, MPI.BYTE, filetype)
        block = np.full(window * size // 8, float(comm.rank))
    else:
        file.Set_view(comm.rank * window * size, MPI.BYTE, MPI.BYTE)
    calls = 1 if interleaved else window
    call = (file.Write_at_all if together else file.Write_at) if write else (file.Read_at_all if together else file.Read_at)

    def round(iterations):
        for _ in range(iterations):
            for k in range(calls):
                call(k * size, [block, MPI.DOUBLE])
            comm.Barrier()

    report(step, comm.size * window * size / 1000 / time(step, round))
file.Close()
if comm.rank == 0:
    shutil.rmtree(folder)
