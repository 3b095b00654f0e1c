"""The smallest program: what it takes is the launcher's start."""

from mpi4py import MPI

print(f"I am rank {MPI.COMM_WORLD.rank} in group of {MPI.COMM_WORLD.size} processes")
