/**
 * The three of every course: the root deals out its values, each rank works on its own, and the results come together: all of them, then in
 * one.
 *
 *     npx rxmpi run -n 4 examples/14-scatter-gather-reduce.ts
 *
 * MPI: MPI_Scatter, MPI_Gather, MPI_Reduce; mpi4py: comm.scatter, comm.gather, comm.reduce.
 */
import { COMM_WORLD as comm, MAX } from 'rxmpi'

const { rank, size } = comm

const words = rank === 0 ? Array.from({ length: size }, (_, k) => 'x'.repeat((k * k) % 7)) : []
const word = await comm.scatter(words)
console.log(`I got "${word}"`)

const lengths = await comm.gather(word.length)
if (rank === 0) console.log(`their lengths are ${lengths?.join(', ')}`)

const longest = await comm.reduce(word.length, MAX)
if (rank === 0) console.log(`the longest has ${longest}`)
