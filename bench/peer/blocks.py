"""The blocks of a square on a grid of ranks, and the exchange of their ghosts by derived datatypes."""

from mpi4py import MPI

from measure import comm


class Blocks:
    def __init__(self, side):
        dims = MPI.Compute_dims(comm.size, 2)
        self.grid = comm.Create_cart(dims)
        self.rows, self.columns = rows, columns = side // dims[0], side // dims[1]
        self.shape = [rows + 2, columns + 2]
        up, down = self.grid.Shift(0, 1)
        left, right = self.grid.Shift(1, 1)
        box = self._box
        row, column = [1, columns], [rows, 1]
        self.sends = [
            (box(row, [1, 1]), up, 0),
            (box(row, [rows, 1]), down, 1),
            (box(column, [1, 1]), left, 2),
            (box(column, [1, columns]), right, 3),
        ]
        self.receives = [
            (box(row, [rows + 1, 1]), down, 0),
            (box(row, [0, 1]), up, 1),
            (box(column, [1, columns + 1]), right, 2),
            (box(column, [1, 0]), left, 3),
        ]

    def _box(self, sizes, starts):
        return MPI.DOUBLE.Create_subarray(self.shape, sizes, starts).Commit()

    def exchange(self, u):
        requests = [self.grid.Irecv([u, 1, t], p, tag) for t, p, tag in self.receives]
        requests += [self.grid.Isend([u, 1, t], p, tag) for t, p, tag in self.sends]
        MPI.Request.Waitall(requests)
