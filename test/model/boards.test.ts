import type { MessagePort } from 'node:worker_threads'
import fc from 'fast-check'
import { lastValueFrom, of } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { SUM } from '../../src/op/op.js'
import { HostBoards } from '../../src/transport/shared/boards.js'
import { BufferHandoff } from '../../src/transport/shared/buffer-handoff.js'
import { allocateHost, ENDED, markGone } from '../../src/transport/shared/host-memory.js'
import { open } from '../../src/transport/shared/mapped-memory.js'
import { SharedTransport } from '../../src/transport/shared/shared-transport.js'
import { inWorld } from '../../testing/compliance/messages/world.js'

/** Ranks of one host with a board, all in this thread. */
const binding = {
  name: 'boards',
  create(size: number) {
    const memory = allocateHost(size)
    const lines: BufferHandoff[] = []
    for (let rank = 0; rank < size; rank++) {
      lines.push(new BufferHandoff((dest: number, port: MessagePort) => lines[dest]!.accept(rank, port)))
    }
    return {
      transports: lines.map((line, rank) => new SharedTransport(rank, size, memory, true, line)),
      settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
      end: (rank: number) => markGone(memory, rank, ENDED),
      close: () => undefined
    }
  }
}

const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await new Promise((resolve) => setImmediate(resolve))
}

/** What fits a note, and what does not. */
const what = fc.constantFrom('number', 'short', 'long', 'barrier', 'all numbers', 'all words', 'all objects', 'all long')
/** How a rank calls it: waits, does not wait, or as an operator; and how late it comes. */
const how = fc.record({ form: fc.constantFrom('method', 'method', 'request', 'operator'), late: fc.nat(3) })

type What = typeof what extends fc.Arbitrary<infer W> ? W : never
type How = typeof how extends fc.Arbitrary<infer H> ? H : never

const given = (kind: What, rank: number, call: number): unknown => {
  if (kind === 'short' || kind === 'long' || kind === 'all long') return new Float64Array(kind === 'short' ? 5 : 100).fill(rank + call / 8)
  if (kind === 'all words') return `${rank} of ${call}`
  if (kind === 'all objects') return { rank, call }
  return rank + call / 8
}

const expected = (kind: What, size: number, call: number): unknown => {
  const all = Array.from({ length: size }, (_, rank) => given(kind, rank, call))
  if (kind === 'barrier') return undefined
  if (kind.startsWith('all')) return all
  const sum = (size * (size - 1)) / 2 + (size * call) / 8
  return kind === 'number' ? sum : new Float64Array((all[0] as Float64Array).length).fill(sum)
}

function call(comm: Communicator, kind: What, form: How['form'], number: number): Promise<unknown> {
  const value = given(kind, comm.rank, number)
  if (form === 'operator') {
    const source = of(value)
    if (kind === 'barrier') return lastValueFrom(source.pipe(mpi.barrier(comm))).then(() => undefined)
    return lastValueFrom(kind.startsWith('all') ? source.pipe(mpi.allgather(comm)) : source.pipe(mpi.allreduce(comm, SUM) as never))
  }
  if (kind === 'barrier') return comm.ibarrier().wait()
  return kind.startsWith('all') ? comm.iallgather(value).wait() : comm.iallreduce(value as number, SUM).wait()
}

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
                  const { form, late } = hows[comm.rank]!
                  await turns(late)
                  const result = call(comm, kind, form, number)
                  results.push(result)
                  if (form !== 'request') await result
                }
                for (const [number, { kind }] of calls.entries()) expect(await results[number]).toEqual(expected(kind, size, number))
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
