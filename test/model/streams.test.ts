import * as mpi from '../../operators/index.js'
import { createOp } from '../../src/op/op.js'
import { simulate } from '../../testing/index.js'
import { below, COLLECTIVES, generate, type Program, show, shrink } from './stream-programs.js'
import { judgeAll, start } from './stream-runs.js'
import type { Complaint, Seen } from './streams.js'

/**
 * Random programs in virtual time beside a reference: RXMPI_MODEL_CASES says how many, RXMPI_MODEL_SEED=… runs one again. The test fails
 * with the smallest program of each kind of fault.
 */
const CASES = Number(process.env.RXMPI_MODEL_CASES ?? 500)
const ONLY = process.env.RXMPI_MODEL_SEED
/** Programs that fail in the same way are shrunk once. */
const KINDS = 40

class Stop extends Error {
  readonly complaint: Complaint

  constructor(complaint: Complaint) {
    super(complaint.text)
    this.complaint = complaint
  }
}

/** Runs a program; what is wrong. */
function run(program: Program): Complaint | undefined {
  const { latency, jitter, seed } = program
  const size = program.ranks.length
  try {
    simulate(size, { latency, jitter, seed }, ({ comms, flush }) => {
      const further: unknown[] = below(size).map(() => 'never ends')
      const goOn = (rank: number): void => {
        comms[rank]!.iallreduce(1).subscribe({ next: (sum) => (further[rank] = sum), error: (error) => (further[rank] = `${error}`) })
      }
      const check = (kind: string): void => {
        if (further.some((sum) => sum !== size)) throw new Stop({ kind, text: further.join(', ') })
      }
      const seen: (readonly Seen[])[] = []
      for (const [rank, comm] of comms.entries()) {
        seen[rank] = start({ mpi, createOp }, comm, program, () => program.further === 'late' && goOn(rank))
        if (program.further === 'early') goOn(rank)
      }
      flush()
      const complaint = judgeAll(program, seen)
      if (complaint !== undefined) throw new Stop(complaint)
      check('a further collective is wrong')
      further.fill('never ends')
      for (const rank of below(size)) goOn(rank)
      flush()
      check('a collective after the end is wrong')
    })
  } catch (error) {
    if (error instanceof Stop) return error.complaint
    const { name, message } = error as Error
    return { kind: name === 'DeadlockError' || name === 'LeakError' ? `left behind: ${name}` : `thrown: ${name}`, text: message }
  }
  return undefined
}

/** One text for all faults, or none. */
function faults(seeds: readonly number[], programOf: (seed: number) => Program): string | undefined {
  const kinds = new Map<string, { count: number; text: string }>()
  for (const seed of seeds) {
    const program = programOf(seed)
    const complaint = run(program)
    if (complaint === undefined) continue
    const { kind } = complaint
    const known = kinds.get(kind)
    if (known !== undefined) known.count++
    else if (kinds.size < KINDS) {
      const smallest = shrink(program, (candidate) => run(candidate)?.kind === kind)
      kinds.set(kind, { count: 1, text: `RXMPI_MODEL_SEED=${seed}, at its smallest ${show(smallest)}\n  → ${run(smallest)!.text}` })
    }
  }
  if (kinds.size === 0) return undefined
  return [...kinds].map(([kind, { count, text }]) => `${count} of ${seeds.length} times: ${kind}\n${text}`).join('\n\n')
}

describe('collectives over random streams', () => {
  it('show every rank what the reference says', () => {
    const seeds = ONLY === undefined ? below(CASES) : [Number(ONLY)]
    const text = faults(seeds, (seed) => generate(seed))
    if (text !== undefined) throw new Error(text)
  }, 600_000)

  it('are of every collective', () => {
    expect(new Set(below(300).map((seed) => generate(seed).collective)).size).toBe(COLLECTIVES.length)
  })
})
