"""Rank 0 sends small objects in windows, rank 1 receives them; the stream of `messages()` is a loop over recv here."""

from mpi4py import MPI

from measure import comm, report, steps, time

data = {"a": 7, "b": 3.14}


def recv(count):
    for _ in range(count):
        comm.recv(source=0)


def irecv(count):
    MPI.Request.waitall([comm.irecv(source=0) for _ in range(count)])


receivers = {"recv": recv, "irecv": irecv, "messages": recv}

for step in steps:
    window = step["window"]
    receive = receivers[step["row"]]
    # Without answers the whole round is one window to the receiver.
    answers = step["row"] != "messages"

    def round(iterations):
        if comm.rank == 0:
            for _ in range(iterations):
                MPI.Request.waitall([comm.isend(data, 1) for _ in range(window)])
                if answers:
                    comm.recv(source=1)
            if not answers:
                comm.recv(source=1)
        elif answers:
            for _ in range(iterations):
                receive(window)
                comm.send(0, 0)
        else:
            receive(iterations * window)
            comm.send(0, 0)

    report(step, window / time(step, round) / 1000)
