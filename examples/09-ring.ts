/**
 * A ring: each rank receives from the one on its left, adds something and sends to the one on its right, until the token is home.
 *
 *     npx rxmpi run -n 4 examples/09-ring.ts
 *
 * Rank 0 sends first; would all ranks receive first, all would wait for ever.
 * MPI: MPI_Send, MPI_Recv.
 */
import { COMM_WORLD as comm } from 'rxmpi'

interface Token {
  path: number[]
  sum: number
}

const left = (comm.rank - 1 + comm.size) % comm.size
const right = (comm.rank + 1) % comm.size

if (comm.rank === 0) await comm.send({ path: [0], sum: 0 } satisfies Token, { dest: right })

const token = await comm.recv<Token>({ source: left })
token.path.push(comm.rank)
token.sum += comm.rank

if (comm.rank === 0) console.log(`${token.path.join(' → ')}: the sum of the ranks is ${token.sum}`)
else await comm.send(token, { dest: right })
