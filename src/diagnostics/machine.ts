import { hostname } from 'node:os'

/**
 * Seconds on one monotonic clock for all ranks of a host.
 * Units: seconds since a moment of the system's own, so that only differences mean something. Errors: none.
 * MPI: MPI_Wtime; mpi4py: MPI.Wtime.
 */
export const wtime = (): number => Number(process.hrtime.bigint()) / 1e9

/**
 * The name of this host.
 * Shape: a string, the same on all ranks of a host. Errors: none. MPI: MPI_Get_processor_name; mpi4py: MPI.Get_processor_name.
 */
export const processorName = (): string => hostname()
