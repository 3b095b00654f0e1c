"""A rank that was started, and goes again."""

from mpi4py import MPI

MPI.Comm.Get_parent().Disconnect()
