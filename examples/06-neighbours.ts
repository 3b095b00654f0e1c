/**
 * Neighbours on a line, whose ends have one neighbour only. `PROC_NULL` is the rank that is nobody: a send to it and a receive from it
 * complete at once, so the ends need no code of their own.
 *
 *     npx rxmpi run -n 4 examples/06-neighbours.ts
 *
 * Every rank holds one number and replaces it by the mean of its own and its neighbours'.
 * MPI: MPI_Sendrecv, MPI_PROC_NULL.
 */
import { COMM_WORLD as comm, PROC_NULL } from 'rxmpi'

const left = comm.rank > 0 ? comm.rank - 1 : PROC_NULL
const right = comm.rank < comm.size - 1 ? comm.rank + 1 : PROC_NULL

const mine = comm.rank ** 2
const fromLeft = await comm.sendrecv<number, number | undefined>(mine, { dest: right, source: left })
const fromRight = await comm.sendrecv<number, number | undefined>(mine, { dest: left, source: right })

const present = [fromLeft, mine, fromRight].filter((value) => value !== undefined)
const mean = present.reduce((a, b) => a + b) / present.length
console.log(`${fromLeft ?? 'nobody'} | ${mine} | ${fromRight ?? 'nobody'}: mean ${mean.toFixed(2)}`)
