import fc from 'fast-check'
import type { Communicator } from '../../src/communicator/communicator.js'
import { RemoteError } from '../../src/errors.js'
import { allocate } from '../../src/layout/allocate.js'
import { MAX, SUM } from '../../src/op/op.js'
import type { HostBoards } from '../../src/transport/shared/boards.js'
import { inWorld } from '../../testing/compliance/messages/world.js'
import { shared } from '../compliance/in-thread.js'

/** Ranks of one host with stages, all in this thread. */
const binding = shared(true)

/** Of elements of 8 bytes: what goes by messages or notes; the least that goes by stages; a part, and one more; three parts. */
const lengths = [4000, 4096, 131_072, 131_073, 300_001]

/** Numbers whose sum depends on the order of adding. */
const given = (rank: number, length: number): Float64Array => {
  const data = new Float64Array(length)
  let state = rank + 1
  for (let k = 0; k < length; k++) {
    state = (state * 1103515245 + 12345) % 2147483648
    data[k] = state / 1000 + 1e9 / (state + 1)
  }
  return data
}

const turns = async (count: number): Promise<void> => {
  for (let k = 0; k < count; k++) await new Promise((resolve) => setImmediate(resolve))
}

/** The first calls of a communicator find no board yet. */
const withBoard = async (comms: readonly Communicator[]): Promise<void> => {
  for (let call = 0; call < 2; call++) await Promise.all(comms.map((comm) => comm.barrier()))
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
const isEqual = (one: Float64Array, other: Float64Array): boolean => Buffer.compare(bytesOf(one), bytesOf(other)) === 0

describe('allreduce by stages', () => {
  for (const size of [2, 3, 4, 5, 7, 8]) {
    it(`gives ${size} ranks the same as messages to the last bit, in a place, in its own, or in none`, async () => {
      await inWorld(binding, size, async ({ comms }) => {
        await withBoard(comms)
        for (const length of lengths) {
          const expected = await Promise.all(
            comms.map((comm) => comm.allreduce(given(comm.rank, length), SUM, { algorithm: 'rabenseifner' }))
          )
          const results = await Promise.all(
            comms.map(async (comm) => {
              const own = given(comm.rank, length)
              const place = new Float64Array(length)
              expect(await comm.allreduce(own, SUM, { into: place })).toBe(place)
              expect(isEqual(own, given(comm.rank, length))).toBe(true)
              const fresh = await comm.allreduce(own, SUM)
              expect(await comm.allreduce(own, SUM, { into: own })).toBe(own)
              return [place, fresh as Float64Array, own]
            })
          )
          for (const all of results) for (const result of all) expect(isEqual(result, expected[0]!)).toBe(true)
        }
      })
    })
  }

  for (const size of [2, 3, 5]) {
    it(`reads memory of ${size} ranks where it is, once all know it, and gives the same`, async () => {
      await inWorld(binding, size, async ({ comms, quiet }) => {
        await withBoard(comms)
        for (const length of [4096, 131_073, 300_001]) {
          const expected = await Promise.all(comms.map((comm) => comm.allreduce(given(comm.rank, length), SUM)))
          const all = comms.map((comm) => {
            const own = allocate(Float64Array, length + 3).subarray(3)
            own.set(given(comm.rank, length))
            return own
          })
          // The last rank's is its own.
          all[size - 1] = all[size - 1]!.slice()
          for (let call = 0; call < 4; call++) {
            const sums = await Promise.all(comms.map((comm) => comm.allreduce(all[comm.rank]!, SUM, { into: new Float64Array(length) })))
            for (const sum of sums) expect(isEqual(sum, expected[0]!)).toBe(true)
            await quiet()
          }
          const boards = comms.map(({ core }) => core.endpoint.transport.boards as HostBoards)
          const members = [...boards.keys()]
          for (const [rank, { visible }] of boards.entries())
            expect(visible!.numberFor(all[rank]!.buffer, members) > 0).toBe(rank < size - 1)
          const sums = await Promise.all(comms.map((comm) => comm.allreduce(all[comm.rank]!, SUM, { into: all[comm.rank]! })))
          for (const sum of sums) expect(isEqual(sum, expected[0]!)).toBe(true)
        }
      })
    })
  }

  it('sends no message', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      let messages = 0
      for (const { core } of comms) {
        const segment = core.endpoint.segment.bind(core.endpoint)
        core.endpoint.segment = (source, slot) => {
          messages++
          segment(source, slot)
        }
      }
      await Promise.all(comms.map((comm) => comm.allreduce(given(comm.rank, 300_001), SUM)))
      expect(messages).toBe(0)
      await Promise.all(comms.map((comm) => comm.allreduce(given(comm.rank, 300_001), SUM, { algorithm: 'ring' })))
      expect(messages).toBeGreaterThan(0)
    })
  })

  for (const Type of [Uint8Array, Int16Array, Float32Array, Uint8ClampedArray]) {
    it(`takes elements of ${Type.name}`, async () => {
      await inWorld(binding, 3, async ({ comms }) => {
        await withBoard(comms)
        const data = (rank: number) => new Type(700_001).map((_, k) => (k % 97) + rank)
        const results = await Promise.all(comms.map((comm) => comm.allreduce(data(comm.rank) as Uint8Array, MAX)))
        for (const result of results) expect(Buffer.compare(Buffer.from(result.buffer), Buffer.from(data(2).buffer))).toBe(0)
      })
    })
  }

  const programs = fc.array(
    fc.record({
      on: fc.constantFrom('world', 'again', 'some'),
      length: fc.constantFrom(1, 4096, 5000, 131_073),
      algorithm: fc.constantFrom(undefined, undefined, 'ring' as const),
      waits: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      late: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 })
    }),
    { minLength: 1, maxLength: 16 }
  )

  it('is right on several communicators at once, whoever is late and however many are under way', async () => {
    await fc.assert(
      fc.asyncProperty(programs, async (calls) => {
        await inWorld(binding, 4, async ({ comms }) => {
          await Promise.all(
            comms.map(async (world) => {
              const again = await world.dup()
              const some = await world.split(world.rank % 3 === 0 ? 0 : 1, world.rank)
              const results: Promise<unknown>[] = []
              const on = { world, again, some: some! }
              for (const [number, call] of calls.entries()) {
                const comm = on[call.on]
                await turns(call.late[world.rank]!)
                const data = new Float64Array(call.length).fill(world.rank + number / 8)
                const options = call.algorithm === undefined || call.length === 1 ? {} : { algorithm: call.algorithm }
                const result = comm.iallreduce(data, SUM, options).wait()
                results.push(result)
                if (call.waits[world.rank]) await result
              }
              for (const [number, { on: name, length }] of calls.entries()) {
                const members = name === 'some' ? (world.rank % 3 === 0 ? [0, 3] : [1, 2]) : [0, 1, 2, 3]
                const sum = members.reduce((all, rank) => all + rank + number / 8, 0)
                expect(isEqual((await results[number]) as Float64Array, new Float64Array(length).fill(sum))).toBe(true)
              }
            })
          )
        })
      }),
      { numRuns: 40 }
    )
  })

  it('is an error of all where a place is taken away meanwhile, and the next call is right', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      const [zero, ...others] = comms
      const place = new Float64Array(300_001)
      const gone = zero!.iallreduce(given(0, 300_001), SUM, { into: place }).wait()
      structuredClone(place, { transfer: [place.buffer] })
      const results = [gone, ...others.map((comm) => comm.allreduce(given(comm.rank, 300_001), SUM))]
      await expect(results[0]).rejects.toThrow(/into/)
      for (const result of results.slice(1)) await expect(result).rejects.toThrow(RemoteError)
      const sums = await Promise.all(comms.map((comm) => comm.allreduce(new Float64Array(5000).fill(comm.rank), SUM)))
      for (const sum of sums) expect(sum).toEqual(new Float64Array(5000).fill(3))
    })
  })

  it('is given up by one for all, at whatever step, and the next call is right', async () => {
    for (let late = 0; late < 8; late++) {
      await inWorld(binding, 3, async ({ comms, step }) => {
        await withBoard(comms)
        const [expected] = await Promise.all(
          comms.map((comm) => comm.allreduce(given(comm.rank, 300_001), SUM, { algorithm: 'rabenseifner' }))
        )
        const controller = new AbortController()
        const outcomes = Promise.allSettled(
          comms.map((comm) => comm.iallreduce(given(comm.rank, 300_001), SUM, comm.rank === 1 ? { signal: controller.signal } : {}).wait())
        )
        for (let k = 0; k < late; k++) await step()
        controller.abort()
        const sums = await Promise.all(comms.map((comm) => comm.allreduce(new Float64Array(131_073).fill(comm.rank), SUM)))
        for (const sum of sums) expect(isEqual(sum, new Float64Array(131_073).fill(3))).toBe(true)
        // Who has heard of it in time has an error; the others have the sum.
        for (const outcome of await outcomes) {
          if (outcome.status === 'fulfilled') expect(isEqual(outcome.value as Float64Array, expected!)).toBe(true)
          else expect(['AbortError', 'RemoteError']).toContain((outcome.reason as Error).name)
        }
      })
    }
  })

  it('is an error of the others where a rank ends before its last step', async () => {
    for (let late = 0; late < 6; late++) {
      await inWorld(binding, 3, async ({ comms, end }) => {
        await withBoard(comms)
        const outcomes = comms.map((comm) => comm.iallreduce(given(comm.rank, 300_001), SUM).wait())
        for (const outcome of outcomes) outcome.catch(() => undefined)
        for (let k = 0; k < late; k++) comms[0]!.core.endpoint.transport.poll()
        comms[2]!.core.endpoint.transport.poll = () => false
        end(2)
        for (const outcome of outcomes.slice(0, 2)) await expect(outcome).rejects.toThrow(/rank 2/)
      })
    }
  })
})
