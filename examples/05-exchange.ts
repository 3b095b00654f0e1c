/**
 * Two ranks that swap: `sendrecv` sends and receives at once. With a `send` and then a `recv` on both sides each could wait for the
 * other to receive first, for ever.
 *
 *     npx rxmpi run -n 4 examples/05-exchange.ts
 *
 * First and last swap, second and last but one, and so on; the one in the middle swaps with itself.
 * MPI: MPI_Sendrecv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

const partner = comm.size - 1 - comm.rank

const greeting = await comm.sendrecv<string, string>(`greetings from rank ${comm.rank}`, { dest: partner, source: partner })
console.log(greeting)
