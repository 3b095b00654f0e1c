/** Matches a message from any rank; for receives and probes only. MPI: MPI_ANY_SOURCE. */
export const ANY_SOURCE = -1
/** Matches a message with any tag; for receives and probes only. MPI: MPI_ANY_TAG. */
export const ANY_TAG = -2
/** The rank that is nobody: sends to it and receives from it complete at once. MPI: MPI_PROC_NULL. */
export const PROC_NULL = -3
/** The largest tag, 2³⁰-1. MPI: MPI_TAG_UB. */
export const TAG_UB = 2 ** 30 - 1
