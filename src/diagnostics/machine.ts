import { hostname } from 'node:os'

/** Seconds on one monotonic clock for all ranks of a host. MPI: MPI_Wtime; mpi4py: MPI.Wtime. */
export const wtime = (): number => Number(process.hrtime.bigint()) / 1e9

/** The name of this host. MPI: MPI_Get_processor_name; mpi4py: MPI.Get_processor_name. */
export const processorName = (): string => hostname()
