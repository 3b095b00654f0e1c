"""Two ranks send data there and back: half of the time is the latency."""

import numpy as np

from measure import comm, report, steps, time

rank = comm.rank
other = 1 - rank


def rounds(step):
    if step["row"] in ("into", "transfer"):
        array = np.ones(step["size"] // 8)

        def buffers(iterations):
            for _ in range(iterations):
                if rank == 0:
                    comm.Send(array, other)
                    comm.Recv(array, other)
                else:
                    comm.Recv(array, other)
                    comm.Send(array, other)

        return buffers

    data = {"a": 7, "b": 3.14} if step["row"] == "object" else np.ones(step["size"] // 8)

    def objects(iterations):
        for _ in range(iterations):
            if rank == 0:
                comm.send(data, other)
                comm.recv(source=other)
            else:
                comm.recv(source=other)
                comm.send(data, other)

    return objects


for step in steps:
    report(step, time(step, rounds(step)) * 1000 / 2)
