import fc from 'fast-check'
import { lastValueFrom, of } from 'rxjs'
import * as mpi from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { CollectiveMismatchError, DatatypeError, RemoteError, TruncationError } from '../../src/errors.js'
import { allocate } from '../../src/layout/allocate.js'
import { MAX, SUM } from '../../src/op/op.js'
import type { HostBoards } from '../../src/transport/shared/boards.js'
import { inWorld } from '../../testing/compliance/messages/world.js'
import { shared } from '../compliance/in-thread.js'
import { turns } from './turns.js'

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

/** The others, of elements of 8 bytes a block: what goes by notes, a little more, two parts of a stage and more. */
const blockLengths = [3, 2100, 131_073, 280_000]

describe('exchanges and collections by stages', () => {
  for (const size of [2, 3, 4, 5, 7, 8]) {
    it(`give ${size} ranks what each has for each`, async () => {
      await inWorld(binding, size, async ({ comms, quiet }) => {
        await withBoard(comms)
        for (const length of size > 4 ? blockLengths.slice(0, 3) : blockLengths) {
          const blocks = comms.map((comm) => given(comm.rank, length))
          const joined = new Float64Array(length * size)
          for (const [rank, block] of blocks.entries()) joined.set(block, rank * length)
          // Block j of rank i is that of rank i, its first element is j.
          const rows = blocks.map((block) => {
            const row = allocate(Float64Array, length * size)
            for (let rank = 0; rank < size; rank++) {
              row.set(block, rank * length)
              row[rank * length] = rank
            }
            return row
          })
          for (let call = 0; call < 3; call++) {
            await Promise.all(
              comms.map(async (comm) => {
                const { rank } = comm
                const row = rows[rank]!
                // Of the last rank it is its own, of the others shared, which they know after some calls.
                const own = rank === size - 1 ? row.slice() : row
                const column = joined.slice()
                for (let other = 0; other < size; other++) column[other * length] = rank
                expect(isEqual(await comm.alltoall(own, { into: new Float64Array(length * size) }), column)).toBe(true)
                expect(isEqual((await comm.alltoall(own)) as Float64Array, column)).toBe(true)

                const all = await comm.allgather(blocks[rank]!)
                expect(all.map((block, other) => isEqual(block, blocks[other]!))).toEqual(all.map(() => true))
                const into = new Float64Array(length * size)
                expect(await comm.allgather(blocks[rank]!, { into })).toBe(into)
                expect(isEqual(into, joined)).toBe(true)

                const sum = await comm.allreduce(row, SUM, { algorithm: 'recursiveDoubling' })
                const share = sum.subarray(rank * length, (rank + 1) * length)
                expect(isEqual((await comm.reduceScatter(own, SUM)) as Float64Array, share)).toBe(true)
                const same = row.slice()
                expect(isEqual((await comm.reduceScatter(same, SUM, { into: same })).subarray(0, length), share)).toBe(true)

                const root = call % size
                const total = await comm.reduce(own, SUM, { root, ...(rank === root ? { into: new Float64Array(own.length) } : {}) })
                // What is too long for a note, and not long enough for a stage, goes by messages as well.
                const algorithm = size > 4 && own.byteLength >= 65_536 ? 'rabenseifner' : 'binomial'
                const asTold = await comm.reduce(own, SUM, { root, algorithm })
                if (rank === root) expect(isEqual(total as Float64Array, asTold as Float64Array)).toBe(true)
                else expect(total).toBeUndefined()

                const gathered = await comm.gather(blocks[rank]!, {
                  root,
                  ...(rank === root ? { into: new Float64Array(length * size) } : {})
                })
                if (rank === root) expect(isEqual(gathered as unknown as Float64Array, joined)).toBe(true)
                else expect(gathered).toBeUndefined()
                const values = await comm.gather(blocks[rank]!, { root })
                if (rank === root) expect(values!.map((block, other) => isEqual(block, blocks[other]!))).toEqual(all.map(() => true))
                else expect(values).toBeUndefined()
              })
            )
            await quiet()
          }
        }
      })
    })
  }

  it('collect different lengths and kinds as values, some of which are too long for a note', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      const lengths = [
        [20_000, 20_001, 20_000],
        [3, 20_000, 3],
        [20_000, 20_000, 3],
        [0, 20_000, 20_000]
      ]
      for (const each of lengths) {
        const results = await Promise.all(comms.map((comm) => comm.allgather(given(comm.rank, each[comm.rank]!))))
        const [, gathered] = await Promise.all(comms.map((comm) => comm.gather(given(comm.rank, each[comm.rank]!), { root: 1 })))
        results.push(gathered!)
        for (const result of results) {
          expect(result.map((block, rank) => isEqual(block, given(rank, each[rank]!)))).toEqual([true, true, true])
        }
      }
      const kinds = [new Int32Array(10_000).fill(1), new Float32Array(10_000).fill(2), new Int32Array(10_000).fill(3)]
      const results = await Promise.all(comms.map((comm) => comm.allgather<Int32Array | Float32Array>(kinds[comm.rank]!)))
      for (const result of results) expect(result).toEqual(kinds)
    })
  })

  it('are an error of all where ranks give different lengths to exchange or to divide', async () => {
    await inWorld(binding, 2, async ({ comms }) => {
      await withBoard(comms)
      const calls = comms.map((comm) => comm.alltoall(new Float64Array(comm.rank === 0 ? 4000 : 6000)))
      for (const call of calls) await expect(call).rejects.toThrow(CollectiveMismatchError)
    })
  })
})

/** Of elements of 8 bytes: nothing, what fits a note, the most of that and one more, one part of a stage and more, and some parts. */
const givenLengths = [0, 1, 1035, 1036, 32_769, 131_073, 300_001]

describe('what a root gives', () => {
  for (const size of [2, 3, 4, 5, 7, 8]) {
    it(`comes to all ${size} ranks, or a block of it to each, whoever is the root, in a place or in none`, async () => {
      await inWorld(binding, size, async ({ comms, quiet }) => {
        await withBoard(comms)
        for (const length of givenLengths) {
          const block = Math.ceil(length / size)
          for (let root = 0; root < size; root++) {
            const whole = given(root, block * size)
            const visible = allocate(Float64Array, block * size + 3).subarray(3)
            visible.set(whole)
            for (const data of [whole, visible]) {
              await Promise.all(
                comms.map(async (comm) => {
                  const { rank } = comm
                  const own = rank === root ? data : undefined
                  const share = whole.subarray(rank * block, (rank + 1) * block)
                  expect(isEqual((await comm.bcast(own, { root })) as Float64Array, whole)).toBe(true)
                  const place = new Float64Array(block * size + 1)
                  expect(await comm.bcast(own, { root, into: place })).toBe(place)
                  expect(isEqual(place.subarray(0, block * size), whole)).toBe(true)
                  const same = rank === root ? data : new Float64Array(block * size)
                  await comm.bcast(same, { root, into: same })
                  expect(isEqual(same, whole)).toBe(true)

                  expect(isEqual((await comm.scatter(own, { root })) as unknown as Float64Array, share)).toBe(true)
                  const part = new Float64Array(block)
                  await comm.scatter(own as Float64Array, { root, into: part })
                  expect(isEqual(part, share)).toBe(true)
                })
              )
            }
            await quiet()
          }
        }
      })
    })
  }

  it('may be a number, a word, nothing, or an object, of which the others know nothing', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      const values = [3.5, -0, 'a word', 'a long word '.repeat(1000), true, null, undefined, { a: [1] }, Uint8Array.of(1), new Date(0)]
      for (const value of values) {
        for (const told of await Promise.all(comms.map((comm) => comm.bcast(comm.rank === 1 ? value : 'ignored', { root: 1 })))) {
          expect(told).toEqual(value)
        }
      }
    })
  })

  it('sends no message, and one to each where it is an object', async () => {
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
      for (const length of [1, 300_000]) {
        await Promise.all(comms.map((comm) => comm.bcast(given(0, length))))
        await Promise.all(comms.map((comm) => comm.scatter(given(0, 3 * length))))
      }
      expect(messages).toBe(0)
      await Promise.all(comms.map((comm) => comm.bcast({ of: 'some kind' })))
      expect(messages).toBeGreaterThan(0)
    })
  })

  it('is the error of the rank alone whose place does not fit, or is taken away, and the next call is right', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      for (const length of [3, 300_000]) {
        const places = [length, length - 1, length].map((elements) => new Float64Array(elements))
        const calls = comms.map((comm) => comm.ibcast(given(0, length), { into: places[comm.rank]! }).wait())
        await expect(calls[1]).rejects.toThrow(TruncationError)
        for (const rank of [0, 2]) expect(isEqual((await calls[rank]) as Float64Array, given(0, length))).toBe(true)
        const kinds = comms.map((comm) =>
          comm.iscatter(given(0, 3 * length), comm.rank === 2 ? { into: new Int8Array(8 * length) as never } : {})
        )
        await expect(kinds[2]!.wait()).rejects.toThrow(DatatypeError)
        for (const rank of [0, 1]) await kinds[rank]!.wait()
        const gone = new Float64Array(length)
        const waiting = comms[1]!.ibcast(undefined, { into: gone }).wait()
        structuredClone(gone, { transfer: [gone.buffer] })
        const others = [comms[0]!.bcast(given(0, length)), comms[2]!.bcast(undefined)]
        await expect(waiting).rejects.toThrow(/into/)
        for (const other of others) expect(isEqual((await other) as Float64Array, given(0, length))).toBe(true)
        expect(await Promise.all(comms.map((comm) => comm.bcast(comm.rank)))).toEqual([0, 0, 0])
      }
    })
  })

  it('is an error of all where the root takes it away meanwhile', async () => {
    await inWorld(binding, 3, async ({ comms }) => {
      await withBoard(comms)
      const data = given(0, 300_000)
      const sent = comms[0]!.ibcast(data).wait()
      structuredClone(data, { transfer: [data.buffer as ArrayBuffer] })
      const others = [1, 2].map((rank) => comms[rank]!.bcast(undefined))
      await expect(sent).rejects.toThrow(/data/)
      for (const other of others) await expect(other).rejects.toThrow(RemoteError)
    })
  })
})

describe('a stage', () => {
  it('is free again for whatever comes when what was laid on it goes by messages', async () => {
    await inWorld(binding, 2, async ({ comms, quiet }) => {
      await withBoard(comms)
      const copies = await Promise.all(comms.map((comm) => comm.dup()))
      const sum = (comm: Communicator): Promise<Float64Array> => comm.allreduce(given(comm.rank, 50_000), SUM) as Promise<Float64Array>
      // The first member has a board and lays; the other calls the operator, and will not come to that board any more.
      const stream = lastValueFrom(of(given(1, 50_000)).pipe(mpi.allreduce(copies[1]!, SUM)))
      const laid = sum(copies[0]!)
      await Promise.all([laid, stream])
      const stages = comms.map((comm) => (comm.core.endpoint.transport.boards as HostBoards).open(comm.core.id, comm.core.members)!.stage)
      await quiet()
      for (const [rank, comm] of comms.entries()) {
        const board = (comm.core.endpoint.transport.boards as HostBoards).open(comm.core.id, comm.core.members)!
        expect(stages[rank]!.take(board, 1000)).toBe('free')
        stages[rank]!.takeBack()
      }
      const [one, other] = await Promise.all(comms.map(sum))
      expect(isEqual(one!, other!)).toBe(true)
    })
  })
})
