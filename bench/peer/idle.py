"""Both ranks wait in recv until a timer of rank 1 sends, and count the processor time of that while."""

from resource import RUSAGE_SELF, getrusage
from threading import Timer

from measure import comm, report, steps


def processor_time():
    usage = getrusage(RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


for step in steps:
    if step["row"] != "waiting":
        continue
    comm.Barrier()
    before = processor_time()
    if comm.rank == 1:
        Timer(step["seconds"], lambda: comm.send("wake", 0)).start()
    comm.recv(source=1 - comm.rank)
    if comm.rank == 0:
        comm.send("answer", 1)
    spent = processor_time() - before
    total = comm.reduce(spent)
    report(step, total)
