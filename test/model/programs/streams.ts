// rxmpi run -n 3 streams.ts SEED COUNT: so many random programs from that seed on, on real threads; prints how many went wrong, and what.
import { COMM_WORLD as comm, createOp } from 'rxmpi'
import * as mpi from 'rxmpi/operators'
import { generate, type Program, show } from '../stream-programs.js'
import { judgeAll, start } from '../stream-runs.js'
import type { Complaint } from '../streams.js'

const [seed, count] = process.argv.slice(2).map(Number) as [number, number]
/** A stream that has not ended by then never will. */
const PATIENCE = 3000
/** Programs that never end take long. */
const MOST_HANGS = 3

// What hangs is for the model to tell.
const alive = setInterval(() => {}, 1000)
let wrong = 0
let hangs = 0
for (let k = seed; k < seed + count && hangs < MOST_HANGS; k++) {
  const program = generate(k, comm.size)
  const own = await comm.dup()
  let further: unknown = 'never ends'
  let seen: ReturnType<typeof start> = []
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE)
    let open = 2
    const done = (): void => {
      if (--open > 0) return
      clearTimeout(timer)
      resolve()
    }
    const goOn = (): void => {
      own.iallreduce(1).subscribe({
        next: (sum) => {
          further = sum
          done()
        },
        error: (error) => {
          further = `${error}`
          done()
        }
      })
    }
    // It may have ended before it is known what it has seen.
    seen = start({ mpi, createOp } as never, own as never, program, () => {
      if (program.further === 'late') goOn()
      done()
    })
    if (program.further === 'early') goOn()
  })
  const all = await comm.gather({ seen, further })
  const isWrong = await comm.bcast(all === undefined ? undefined : complaintOf(program, all))
  if (isWrong === undefined) continue
  wrong++
  if (isWrong.kind === 'never ends' || isWrong.text.includes('never ends')) hangs++
  if (comm.rank === 0) console.log(`seed ${k}: ${isWrong.kind}\n${show(program)}\n  → ${isWrong.text}`)
}
clearInterval(alive)
if (comm.rank === 0) console.log(`${wrong} wrong`)
process.exit(wrong === 0 ? 0 : 1)

function complaintOf(program: Program, all: readonly { seen: ReturnType<typeof start>; further: unknown }[]): Complaint | undefined {
  const seen = all.map((one) => one.seen)
  const complaint = judgeAll(program, seen)
  if (complaint !== undefined) return complaint
  const sums = all.map((one) => one.further)
  return sums.every((sum) => sum === comm.size) ? undefined : { kind: 'a further collective is wrong', text: sums.join(', ') }
}
