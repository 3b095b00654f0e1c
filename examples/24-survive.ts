/**
 * Goes on without the ranks that fail: whoever is left shares the work out anew, until all of them have the result.
 *
 *     npx rxmpi run -n 4 --on-failure continue examples/24-survive.ts 2
 *
 * Rank 2 fails in the middle of it. What the others wait for it fails with a RankFailedError; they agree that not everybody has the result,
 * make a communicator of those that live, and begin again. MPI: MPIX_Comm_revoke, MPIX_Comm_agree, MPIX_Comm_shrink (ULFM).
 */
import { COMM_WORLD, type Communicator, RankFailedError, RevokedError } from 'rxmpi'

const TERMS = 1_000_000
const victim = Number(process.argv[2] ?? -1)

/** π²/6 is the sum of 1/k²: this rank's share of the terms, and then that of all. */
async function work(comm: Communicator): Promise<number> {
  let sum = 0
  for (let k = 1 + comm.rank; k <= TERMS; k += comm.size) sum += 1 / k ** 2
  if (COMM_WORLD.rank === victim) throw new Error('no space left on device')
  return comm.allreduce(sum)
}

/** The same, or undefined when a rank has failed in the middle of it. */
async function attempt(comm: Communicator): Promise<number | undefined> {
  try {
    return await work(comm)
  } catch (error) {
    if (!(error instanceof RankFailedError || error instanceof RevokedError)) throw error
    return undefined
  }
}

let comm = COMM_WORLD
let result = await attempt(comm)
// Some may have got it before the failure: only if all have are they done.
while (!(await comm.agree(result !== undefined))) {
  comm.revoke()
  comm = await comm.shrink()
  result = await attempt(comm)
}

if (comm.rank === 0) console.log(`${comm.size} ranks of ${COMM_WORLD.size}: π is about ${Math.sqrt(6 * result!).toFixed(4)}`)
