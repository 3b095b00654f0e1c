import fc from 'fast-check'
import { lastValueFrom, of } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { CollectiveMismatchError } from '../../src/errors.js'
import { PROD, SUM } from '../../src/op/op.js'
import { HostBoards } from '../../src/transport/shared/boards.js'
import { allocateHost, trafficOf } from '../../src/transport/shared/host-memory.js'
import { open } from '../../src/transport/shared/mapped-memory.js'
import { inWorld } from '../../testing/compliance/messages/world.js'
import { shared } from '../compliance/in-thread.js'
import { turns } from './turns.js'

/** Ranks of one host with a board, all in this thread. */
const binding = shared(true)

/** What fits a note, and what does not. */
const what = fc.constantFrom(
  'number',
  'short',
  'longer',
  'long',
  'barrier',
  'all numbers',
  'all words',
  'all objects',
  'all long',
  'all in one',
  'exchange',
  'gathered',
  'gathered in one',
  'reduced',
  'reduced array',
  'told number',
  'told object',
  'told array',
  'told long',
  'dealt',
  'dealt long',
  'dealt objects'
)
/** How a rank calls it: waits, does not wait, or as an operator; and how late it comes. */
const how = fc.record({ form: fc.constantFrom('method', 'method', 'request', 'operator'), late: fc.nat(3), into: fc.boolean() })

type What = typeof what extends fc.Arbitrary<infer W> ? W : never
type How = typeof how extends fc.Arbitrary<infer H> ? H : never

const given = (kind: What, rank: number, call: number, size: number): unknown => {
  const lengths: Partial<Record<What, number>> = { short: 5, longer: 100, long: 1100, 'all long': 1100 }
  if (lengths[kind] !== undefined) return new Float64Array(lengths[kind]).fill(rank + call / 8)
  if (kind === 'told object') return { rank, call }
  if (kind === 'told array' || kind === 'told long') return new Float64Array(kind === 'told array' ? 5 : 9000).fill(rank + call / 8)
  if (kind === 'dealt objects') return Array.from({ length: size }, (_, to) => ({ rank, to }))
  if (kind.startsWith('dealt')) {
    const share = kind === 'dealt' ? 3 : 9000
    return Float64Array.from({ length: share * size }, (_, k) => rank + call / 8 + 1000 * Math.floor(k / share))
  }
  if (kind === 'reduced array') return Float64Array.of(rank, call)
  if (kind === 'all in one' || kind === 'gathered in one') return Float32Array.of(rank, call, rank / 2)
  if (kind === 'exchange') return Int16Array.from({ length: 2 * size }, (_, k) => 100 * rank + 10 * call + k)
  if (kind === 'all words') return `${rank} of ${call}`
  if (kind === 'all objects') return { rank, call }
  return rank + call / 8
}

const expected = (kind: What, rank: number, size: number, call: number): unknown => {
  const all = Array.from({ length: size }, (_, rank) => given(kind, rank, call, size))
  if (kind === 'barrier') return undefined
  if (kind.startsWith('gathered') || kind.startsWith('reduced'))
    return rank === call % size ? expectedAtRoot(kind, all, size, call) : undefined
  if (kind.startsWith('told')) return all[call % size]
  if (kind === 'dealt objects') return (all[call % size] as unknown[])[rank]
  if (kind.startsWith('dealt')) {
    const whole = all[call % size] as Float64Array
    return whole.slice((rank * whole.length) / size, ((rank + 1) * whole.length) / size)
  }
  if (kind === 'exchange') return Int16Array.from(all.flatMap((row) => [...(row as Int16Array).slice(2 * rank, 2 * rank + 2)]))
  if (kind.startsWith('all')) return all
  const sum = (size * (size - 1)) / 2 + (size * call) / 8
  return kind === 'number' ? sum : new Float64Array((all[0] as Float64Array).length).fill(sum)
}

function expectedAtRoot(kind: What, all: unknown[], size: number, call: number): unknown {
  const ranks = (size * (size - 1)) / 2
  if (kind === 'reduced') return ranks + (size * call) / 8
  if (kind === 'reduced array') return Float64Array.of(ranks, size * call)
  return all
}

/** Of calls of which only the root, another in each, gets something. */
function callToRoot(comm: Communicator, kind: What, { form, into }: How, number: number): Promise<unknown> {
  const value = given(kind, comm.rank, number, comm.size)
  const root = number % comm.size
  const isRoot = comm.rank === root
  if (form === 'operator' && !(kind === 'gathered in one' && into)) {
    const source = of(value)
    const results = kind.startsWith('gathered')
      ? source.pipe(mpi.gather(comm, { root }))
      : source.pipe(mpi.reduce(comm, SUM, { root }) as never)
    return lastValueFrom(results, { defaultValue: undefined })
  }
  if (kind.startsWith('reduced')) return comm.ireduce(value as number, SUM, { root }).wait()
  if (kind === 'gathered' || !into) return comm.igather(value, { root }).wait()
  // What is no root's is ignored, were it too short.
  const all = new Float32Array(isRoot ? 3 * comm.size : 1)
  const gathered = comm.igather(value as Float32Array, { root, into: all }).wait()
  return gathered.then((same) => (isRoot && same === all ? parts(all) : same))
}

/** Of calls to which only the root, another in each, gives something. What the others give is ignored. */
function callFromRoot(comm: Communicator, kind: What, { form, into }: How, number: number): Promise<unknown> {
  const { rank, size } = comm
  const root = number % size
  const value = rank === root || into ? given(kind, rank, number, size) : undefined
  if (form === 'operator') {
    const source = of(value)
    return lastValueFrom(
      kind.startsWith('told') ? source.pipe(mpi.bcast(comm, { root })) : source.pipe(mpi.scatter(comm, { root }) as never)
    )
  }
  if (!into || kind === 'told number' || kind.includes('object')) {
    return kind.startsWith('told') ? comm.ibcast(value, { root }).wait() : comm.iscatter(value as number[], { root }).wait()
  }
  const length = (value as Float64Array).length
  const place = new Float64Array(kind.startsWith('told') ? length : length / size)
  const data = value as Float64Array
  return kind.startsWith('told') ? comm.ibcast(data, { root, into: place }).wait() : comm.iscatter(data, { root, into: place }).wait()
}

function call(comm: Communicator, kind: What, how: How, number: number): Promise<unknown> {
  if (kind.startsWith('told') || kind.startsWith('dealt')) return callFromRoot(comm, kind, how, number)
  if (kind.startsWith('gathered') || kind.startsWith('reduced')) return callToRoot(comm, kind, how, number)
  const { form, into } = how
  const value = given(kind, comm.rank, number, comm.size)
  if (kind === 'all in one' && into) {
    const all = new Float32Array(3 * comm.size)
    return comm
      .iallgather(value as Float32Array, { into: all })
      .wait()
      .then((same) => (same === all ? parts(all) : same))
  }
  if (form === 'operator') {
    const source = of(value)
    if (kind === 'barrier') return lastValueFrom(source.pipe(mpi.barrier(comm))).then(() => undefined)
    if (kind === 'exchange') return lastValueFrom(source.pipe(mpi.alltoall(comm) as never))
    return lastValueFrom(kind.startsWith('all') ? source.pipe(mpi.allgather(comm)) : source.pipe(mpi.allreduce(comm, SUM) as never))
  }
  if (kind === 'barrier') return comm.ibarrier().wait()
  if (kind === 'exchange') return comm.ialltoall(value as Int16Array, into ? { into: new Int16Array(2 * comm.size) } : {}).wait()
  return kind.startsWith('all') ? comm.iallgather(value).wait() : comm.iallreduce(value as number, SUM).wait()
}

const parts = (all: Float32Array): Float32Array[] => Array.from({ length: all.length / 3 }, (_, rank) => all.slice(3 * rank, 3 * rank + 3))

describe('collectives by a board and by messages', () => {
  it('give the same, whichever way each rank goes, whoever is late, and however many are under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 5 }).chain((size) =>
          fc.record({
            size: fc.constant(size),
            calls: fc.array(fc.record({ kind: what, hows: fc.array(how, { minLength: size, maxLength: size }) }), {
              minLength: 1,
              maxLength: 24
            })
          })
        ),
        async ({ size, calls }) => {
          await inWorld(binding, size, async ({ comms }) => {
            await Promise.all(
              comms.map(async (comm) => {
                const results: Promise<unknown>[] = []
                for (const [number, { kind, hows }] of calls.entries()) {
                  const each = hows[comm.rank]!
                  await turns(each.late)
                  const result = call(comm, kind, each, number)
                  results.push(result)
                  if (each.form !== 'request') await result
                }
                for (const [number, { kind }] of calls.entries())
                  expect(await results[number]).toEqual(expected(kind, comm.rank, size, number))
              })
            )
          })
        }
      ),
      { numRuns: 60 }
    )
  })

  it('give the same where more calls are under way than a board has room for', async () => {
    const calls = Array.from({ length: 40 }, (_, number) => number)
    await inWorld(binding, 3, async ({ comms }) => {
      await Promise.all(
        comms.map(async (comm) => {
          await turns(40 * comm.rank)
          const requests = calls.map((number) => comm.iallreduce(comm.rank + number, SUM))
          for (const [number, request] of requests.entries()) expect(await request.wait()).toBe(3 + 3 * number)
        })
      )
    })
  })

  it('is an error of all where blocks are not as long, and one of them wants them in one place', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      const errors = await Promise.all(
        comms.map(async (comm) => {
          for (let call = 0; call < 2; call++) await comm.barrier()
          const data = new Float64Array(comm.rank === 2 ? 2 : 1)
          const gathered = comm.rank === 0 ? comm.allgather(data, { into: new Float64Array(3) }) : comm.allgather(data)
          return gathered.catch((error: Error) => error)
        })
      )
      for (const error of errors) expect(error).toBeInstanceOf(CollectiveMismatchError)
    })
  })

  it('reduces to the same bits as messages do, whatever the op, the root and the number of ranks', async () => {
    for (const size of [2, 3, 5, 6, 7]) {
      await inWorld(binding, size, async ({ comms }) => {
        const values = comms.map((_, rank) => Float64Array.of(0.1 * 3 ** rank, 1 / (rank + 1), 1e16 / 7 ** rank))
        for (const op of [SUM, PROD]) {
          for (let root = 0; root < size; root++) {
            const results = (algorithm?: 'binomial') =>
              Promise.all(comms.map((comm) => comm.reduce(values[comm.rank]!, op, { root, ...(algorithm && { algorithm }) })))
            expect(await results()).toEqual(await results('binomial'))
          }
        }
      })
    }
  })

  it('takes bytes of any kind in one place', async () => {
    await inWorld(binding, 2, async ({ comms }) => {
      const results = await Promise.all(
        comms.map(async (comm) => {
          for (let call = 0; call < 2; call++) await comm.barrier()
          const data = comm.rank === 0 ? Buffer.of(1, 2) : Uint8Array.of(3, 4)
          return comm.allgather(data, { into: new Uint8Array(4) })
        })
      )
      for (const result of results) expect(result).toEqual(Uint8Array.of(1, 2, 3, 4))
    })
  })

  it('is an error of the rank whose place is taken away meanwhile', async () => {
    await inWorld(binding, 2, async ({ comms: [zero, one] }) => {
      await Promise.all([zero!.barrier(), one!.barrier()])
      await Promise.all([zero!.barrier(), one!.barrier()])
      const [all, sum] = [new Float64Array(2), new Float64Array(1)]
      const gathered = zero!.iallgather(Float64Array.of(1), { into: all }).wait()
      const summed = zero!.iallreduce(Float64Array.of(1), SUM, { into: sum }).wait()
      structuredClone([all, sum], { transfer: [all.buffer, sum.buffer] })
      const others = [one!.allgather(Float64Array.of(2)), one!.allreduce(Float64Array.of(2), SUM)]
      await expect(gathered).rejects.toThrow(/into/)
      await expect(summed).rejects.toThrow(/into/)
      expect(await others[0]).toEqual([Float64Array.of(1), Float64Array.of(2)])
      expect(await others[1]).toEqual(Float64Array.of(3))
    })
  })

  it('counts what a rank has posted before it ended', async () => {
    await inWorld(binding, 2, async ({ comms: [zero, one], end }) => {
      await Promise.all([zero!.barrier(), one!.barrier()])
      await Promise.all([zero!.barrier(), one!.barrier()])
      const sum = one!.iallreduce(1)
      expect(await zero!.iallreduce(2).wait()).toBe(3)
      end(0)
      expect(await sum.wait()).toBe(3)
    })
  })

  it('count as traffic of their host, though they send no message', () => {
    const memory = allocateHost(2)
    const bells = [0, 1].map(() => new Int32Array(1))
    const boards = bells.map((_, rank) => new HostBoards(open(memory.boards!), rank, bells).open(8, [0, 1]))
    const seen = new Set([trafficOf(memory)])
    for (const sequence of [0, 1]) {
      for (const board of boards) {
        board!.post(sequence, 1, 0, 0)
        board!.read({ sequence, look: () => true, beforeSleep: () => undefined })
        seen.add(trafficOf(memory))
      }
    }
    expect(seen.size).toBe(5)
  })

  it('keep a board until all its ranks have left, however often one says so', () => {
    const { boards: memory } = allocateHost(3)
    const bells = [0, 1, 2].map(() => new Int32Array(1))
    const [zero, one, two] = bells.map((_, rank) => new HostBoards(open(memory!), rank, bells))
    const members = [0, 1, 2]
    expect(one!.open(8, members)).toBeUndefined()
    expect(zero!.open(8, members)).toBeDefined()
    for (const boards of [zero!, zero!, one!, one!]) boards.leave(8, members)
    expect(two!.open(8, members)).toBeDefined()
    two!.leave(8, members)
    expect(two!.open(8, members)).toBeUndefined()
  })
})
