import fc from 'fast-check'
import type { Communicator } from '../../src/communicator/communicator.js'
import { SUM } from '../../src/op/op.js'
import type { Persistent } from '../../src/request/persistent.js'
import type { HostBoards } from '../../src/transport/shared/boards.js'
import { inWorld } from '../../testing/compliance/messages/world.js'
import { shared } from '../compliance/in-thread.js'
import { turns } from './turns.js'

/** Ranks of one host with boards, all in this thread. */
const binding = shared(true)

const kinds = ['allreduce', 'reduce', 'gather', 'allgather', 'alltoall', 'bcast', 'barrier'] as const
type Kind = (typeof kinds)[number]

/** Of doubles of one rank: what fits a note, and what goes by stages. */
const lengths = [3, 9000]

interface Made {
  readonly kind: Kind
  readonly length: number
}

/** A persistent call as a rank has it: its memory, and what it gives at a start. */
interface Kept extends Made {
  readonly own: Float64Array
  readonly all: Float64Array
  readonly call: Persistent<unknown>
}

const valueAt = (rank: number, start: number): number => 1000 * rank + start

function make(comm: Communicator, { kind, length }: Made): Kept {
  const { size } = comm
  const own = new Float64Array(kind === 'alltoall' ? length * size : length)
  const all = new Float64Array(kind === 'gather' || kind === 'allgather' || kind === 'alltoall' ? length * size : length)
  const options = { into: all }
  const calls: Record<Kind, () => Persistent<unknown>> = {
    allreduce: () => comm.allreduceInit(own, SUM, options),
    reduce: () => comm.reduceInit(own, SUM, options),
    gather: () => comm.gatherInit(own, options),
    allgather: () => comm.allgatherInit(own, options),
    alltoall: () => comm.alltoallInit(own, options),
    bcast: () => comm.bcastInit(own, options),
    barrier: () => comm.barrierInit()
  }
  return { kind, length, own, all, call: calls[kind]() }
}

/** What a rank has after a start: the same value all along each block. `undefined` where it gets nothing. */
function expected({ kind, length }: Made, rank: number, size: number, start: number): Float64Array | undefined {
  const blocks = (): Float64Array => Float64Array.from({ length: size * length }, (_, k) => valueAt(Math.floor(k / length), start))
  if (kind === 'barrier' || (rank > 0 && (kind === 'reduce' || kind === 'gather'))) return undefined
  if (kind === 'bcast') return new Float64Array(length).fill(valueAt(0, start))
  if (kind === 'allreduce' || kind === 'reduce') return new Float64Array(length).fill(500 * size * (size - 1) + size * start)
  return blocks()
}

const isEqual = (one: Float64Array, other: Float64Array): boolean => one.every((value, k) => value === other[k])

const made = fc.record({ kind: fc.constantFrom(...kinds), length: fc.constantFrom(...lengths) })

/** A round starts some of the calls, each rank in its own order, and may free one, whose place another takes. */
const round = (size: number, calls: number) =>
  fc.record({
    chosen: fc.uniqueArray(fc.nat(calls - 1), { minLength: 1 }),
    late: fc.array(fc.nat(3), { minLength: size, maxLength: size }),
    turned: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
    plain: fc.boolean(),
    freed: fc.option(fc.record({ which: fc.nat(calls - 1), by: made, early: fc.boolean() }))
  })

const program = fc
  .record({ size: fc.integer({ min: 2, max: 5 }), calls: fc.array(made, { minLength: 1, maxLength: 4 }) })
  .chain(({ size, calls }) =>
    fc.record({ size: fc.constant(size), calls: fc.constant(calls), rounds: fc.array(round(size, calls.length), { maxLength: 12 }) })
  )

/** Whether a persistent call has a board, by its number among the calls. For its first member there is one in any case. */
function hasBoard({ core }: Communicator, call: number): boolean {
  const boards = core.endpoint.transport.boards as HostBoards
  return boards.open(core.id, core.members, call) !== undefined
}

describe('persistent collectives by boards of their own', () => {
  it('give what plain calls give, in whatever order each rank starts them, whoever is late, and whatever is freed meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(program, async ({ size, calls, rounds }) => {
        await inWorld(binding, size, async ({ comms }) => {
          await Promise.all(
            comms.map(async (comm) => {
              const { rank } = comm
              const kept = calls.map((each) => make(comm, each))
              for (const [start, { chosen, late, turned, plain, freed }] of rounds.entries()) {
                await turns(late[rank]!)
                const order = turned[rank] ? [...chosen].reverse() : chosen
                const requests = order.map((which) => {
                  const { own, all, call } = kept[which]!
                  own.fill(valueAt(rank, start))
                  all.fill(-1)
                  return call.start()
                })
                const sum = plain ? comm.iallreduce(start) : undefined
                // Free as soon as it is started, or when it is over.
                if (freed?.early === true) kept[freed.which]!.call.free()
                for (const [k, which] of order.entries()) {
                  await requests[k]!.wait()
                  const result = expected(kept[which]!, rank, size, start)
                  if (result !== undefined && !isEqual(kept[which]!.all, result)) expect(kept[which]!.all).toEqual(result)
                }
                if (sum !== undefined) expect(await sum.wait()).toBe(size * start)
                if (freed !== null) {
                  kept[freed.which]!.call.free()
                  kept[freed.which] = make(comm, freed.by)
                }
              }
              for (const { call } of kept) call.free()
            })
          )
        })
      }),
      { numRuns: 60 }
    )
  }, 60_000)

  it('have one again, however many were freed before, while it was started or not', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await Promise.all(
        comms.map(async (comm) => {
          const [own, all] = [Float64Array.of(comm.rank), new Float64Array(1)]
          for (let number = 0; number < 100; number++) {
            const sum = comm.allreduceInit(own, SUM, { into: all })
            for (let start = 0; start < 3; start++) await sum.start().wait()
            if (comm.rank === 1) expect(hasBoard(comm, number)).toBe(true)
            const last = number % 2 === 0 ? sum.start() : undefined
            sum.free()
            await last?.wait()
            expect(all[0]).toBe(3)
          }
        })
      )
    })
  })

  it('end with their communicator', async () => {
    await inWorld(binding, 2, async ({ comms }) => {
      await Promise.all(
        comms.map(async (comm) => {
          for (let number = 0; number < 50; number++) {
            const dup = await comm.dup()
            const barrier = dup.barrierInit()
            for (let start = 0; start < 3; start++) await barrier.start().wait()
            if (dup.rank === 1) expect(hasBoard(dup, 0)).toBe(true)
            dup.free()
          }
        })
      )
    })
  })
})
