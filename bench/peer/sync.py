"""A counter that all ranks draw from; a mutex that one rank takes again and again, and one that all do: mpi4py's util.sync.

Before mpi4py 4 there is no util.sync: then the same calls on windows are made here.
"""

from array import array

from mpi4py import MPI

from measure import comm, report, steps, time

NOBODY = MPI.PROC_NULL


class WindowCounter:
    """A number on rank 0, by MPI_Fetch_and_op."""

    def __init__(self):
        self.window = MPI.Win.Allocate(4 if comm.rank == 0 else 0, 4, MPI.INFO_NULL, comm)
        if comm.rank == 0:
            memoryview(self.window.tomemory()).cast("B").cast("i")[0] = 0
        comm.Barrier()

    def next(self):
        one = array("i", [1])
        before = array("i", [0])
        self.window.Lock(0, MPI.LOCK_SHARED)
        self.window.Fetch_and_op(one, before, 0, 0, MPI.SUM)
        self.window.Unlock(0)
        return before[0]

    def free(self):
        self.window.Free()


class WindowMutex:
    """The queue of Mellor-Crummey and Scott: each rank has a flag and who is next, rank 0 also the tail."""

    FLAG, NEXT, TAIL = 0, 1, 2

    def __init__(self):
        count = 3 if comm.rank == 0 else 2
        self.window = MPI.Win.Allocate(4 * count, 4, MPI.INFO_NULL, comm)
        memory = memoryview(self.window.tomemory()).cast("B").cast("i")
        for word, value in enumerate([0, NOBODY, NOBODY][:count]):
            memory[word] = value
        comm.Barrier()

    def _spin(self, word, sentinel):
        value = array("i", [sentinel])
        nothing = array("i", [0])
        while value[0] == sentinel:
            self.window.Fetch_and_op(nothing, value, comm.rank, word, MPI.NO_OP)
            self.window.Flush(comm.rank)
        return value[0]

    def acquire(self):
        own, before = array("i", [comm.rank]), array("i", [NOBODY])
        self.window.Lock_all()
        self.window.Accumulate(array("i", [NOBODY]), comm.rank, self.NEXT, MPI.REPLACE)
        self.window.Fetch_and_op(own, before, 0, self.TAIL, MPI.REPLACE)
        self.window.Flush(0)
        if before[0] != NOBODY:
            self.window.Accumulate(own, before[0], self.NEXT, MPI.REPLACE)
            self.window.Flush(before[0])
            self._spin(self.FLAG, 0)
        self.window.Accumulate(array("i", [0]), comm.rank, self.FLAG, MPI.REPLACE)
        self.window.Unlock_all()

    def release(self):
        own, nobody, before = array("i", [comm.rank]), array("i", [NOBODY]), array("i", [NOBODY])
        self.window.Lock_all()
        self.window.Compare_and_swap(nobody, own, before, 0, self.TAIL)
        self.window.Flush(0)
        if before[0] != comm.rank:
            following = self._spin(self.NEXT, NOBODY)
            self.window.Accumulate(array("i", [1]), following, self.FLAG, MPI.REPLACE)
        self.window.Unlock_all()

    def free(self):
        self.window.Free()


try:
    from mpi4py.util import sync

    counter, mutex = sync.Counter(comm=comm), sync.Mutex(comm=comm)
except ImportError:
    counter, mutex = WindowCounter(), WindowMutex()


def locked():
    mutex.acquire()
    mutex.release()


for step in steps:
    call = counter.next if step["row"] == "counter" else locked
    takes_part = step["row"] != "free" or comm.rank == comm.size - 1

    def rounds(iterations):
        for _ in range(iterations if takes_part else 0):
            call()
        comm.Barrier()

    report(step, time(step, rounds) * 1000)

mutex.free()
counter.free()
