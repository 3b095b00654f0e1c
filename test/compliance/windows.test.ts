import { take, toArray } from 'rxjs'
import type { Communicator } from '../../src/communicator/communicator.js'
import { PROC_NULL } from '../../src/constants.js'
import { GROUP_EMPTY } from '../../src/core/group.js'
import { struct, vector, view } from '../../src/layout/index.js'
import { type AnyOp, BAND, BOR, BXOR, LAND, LOR, LXOR, MAX, MIN, NO_OP, PROD, REPLACE, SUM, type TypedArray } from '../../src/op/op.js'
import type { Window } from '../../src/window/window.js'
import type { CollectivesBinding } from './collectives/binding.js'
import { below } from './collectives/binding.js'
import { bindings, onHosts } from './collectives/bindings.js'
import { bytewise } from './collectives/data.js'
import { type Steps, steps, wait } from './steps.js'

// The types of jest do not know it.
Reflect.get(expect, 'addEqualityTesters')([bytewise])

const manySizes = [1, 2, 3, 4, 5, 8]
const kinds = ['shared', 'private'] as const
type Kind = (typeof kinds)[number]

const types = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array
] as unknown as (new (
  length: number | SharedArrayBuffer
) => TypedArray)[]

/** So many elements, on memory of a kind. */
function memoryOf<A extends TypedArray>(Type: new (length: number | SharedArrayBuffer) => A, length: number, kind: Kind): A {
  const size = (Type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT
  return new Type(kind === 'shared' ? new SharedArrayBuffer(length * size) : length)
}

const numbered = (array: TypedArray, from: number): TypedArray => {
  const isBig = typeof array[0] === 'bigint'
  for (let k = 0; k < array.length; k++) array[k] = (isBig ? BigInt(from + k) : from + k) as never
  return array
}

const numbersIn = (array: TypedArray): number[] => Array.from(array as Float64Array, Number)

/** Runs steps on every rank; what each has returned. All must have ended well. */
async function each<T>(binding: CollectivesBinding, size: number, program: (comm: Communicator) => Steps<T>): Promise<T[]> {
  const outcomes = await binding.run(size, (comm) => steps(() => program(comm)))
  for (const { error } of outcomes) if (error !== undefined) throw error
  return outcomes.map(({ values }) => values[0]!)
}

for (const binding of [...bindings, ...onHosts]) {
  // Where ranks are of several hosts is all that differs there.
  const sizes = onHosts.includes(binding) ? [2, 5] : manySizes
  const typesOf = (count: number, size: number) => (size === 2 && binding === bindings[0] ? types : types.slice(-count))
  describe(`windows over ${binding.name}`, () => {
    describe.each(kinds)('on %s memory', (kind) => {
      test.each(sizes)('put and get elements of every type at every rank, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          for (const Type of typesOf(4, size)) {
            const win = yield* wait(comm.iwindow(memoryOf(Type, 4 * size, kind)))
            expect(win.lengths).toEqual(below(size).map(() => 4 * size))
            expect(win.kinds).toEqual(below(size).map(() => kind))
            for (const target of below(size)) {
              for (const count of below(4)) {
                const data = numbered(new Type(count), 10 * comm.rank)
                yield* wait(win.iput(data, { target, at: 4 * comm.rank }))
                const got = yield* wait(win.iget({ target, at: 4 * comm.rank, count }))
                expect(got).toEqual(data)
                const into = new Type(count)
                expect(yield* wait(win.iget({ target, at: 4 * comm.rank, into }))).toBe(into)
                expect(into).toEqual(data)
              }
            }
            yield* wait(win.ifence())
            const expected = below(size).flatMap((rank) => [10 * rank, 10 * rank + 1, 10 * rank + 2, 0])
            expect(numbersIn(win.local)).toEqual(expected)
            yield* wait(win.iclose())
          }
        })
      })

      test.each(sizes)('do nothing at PROC_NULL, and with nothing, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Float64Array, comm.rank, kind)))
          expect(win.lengths).toEqual(below(size))
          expect(yield* wait(win.iput(new Float64Array(3), { target: PROC_NULL }))).toBeUndefined()
          expect(yield* wait(win.iget({ target: PROC_NULL, count: 3 }))).toBeUndefined()
          expect(yield* wait(win.iaccumulate(new Float64Array(3), SUM, { target: PROC_NULL }))).toBeUndefined()
          expect(yield* wait(win.ifetchAndOp(1, SUM, { target: PROC_NULL }))).toBeUndefined()
          yield* wait(win.iput(new Float64Array(0), { target: 0 }))
          expect(yield* wait(win.iget({ target: 0, count: 0 }))).toEqual(new Float64Array(0))
          const lock = yield* wait(win.ilock(PROC_NULL))
          lock.release()
          yield* wait(win.ifence())
          yield* wait(win.iclose())
        })
      })

      const floating = [SUM, PROD, MAX, MIN, LAND, LOR, LXOR, REPLACE, NO_OP]
      const ops = [...floating, BAND, BOR, BXOR]
      test.each(onHosts.includes(binding) ? [3] : [1, 2, 3])('change elements by every op and of every type, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          for (const Type of typesOf(3, size)) {
            const win = yield* wait(comm.iwindow(memoryOf(Type, 3 * size, kind)))
            const isFloat = Type.name.startsWith('Float')
            for (const op of isFloat ? floating : ops) {
              for (const target of below(size)) {
                const at = 3 * comm.rank
                const before = numbered(new Type(3), 3)
                const data = numbered(new Type(3), 2)
                const after = below(3).map((k) => (op.combine as (a: unknown, b: unknown) => unknown)(before[k], data[k]))
                const wanted = new Type(3)
                for (const k of below(3)) wanted[k] = after[k] as never
                yield* wait(win.iput(before, { target, at }))
                yield* wait(win.iaccumulate(data, op as AnyOp, { target, at }))
                expect(yield* wait(win.iget({ target, at, count: 3 }))).toEqual(wanted)
                yield* wait(win.iput(before, { target, at }))
                expect(yield* wait(win.igetAccumulate(data, op as AnyOp, { target, at }))).toEqual(before)
                expect(yield* wait(win.iget({ target, at, count: 3 }))).toEqual(wanted)
                yield* wait(win.iput(before, { target, at }))
                expect(yield* wait(win.ifetchAndOp(data[1] as never, op as AnyOp, { target, at: at + 1 }))).toBe(before[1])
                expect((yield* wait(win.iget({ target, at: at + 1, count: 1 })))[0]).toBe(wanted[1])
                if (isFloat) continue
                const was = (yield* wait(win.iget({ target, at, count: 1 })))[0]!
                expect(yield* wait(win.icompareAndSwap(was as never, data[2] as never, { target, at }))).toBe(was)
                expect(yield* wait(win.icompareAndSwap(before[1] as never, was as never, { target, at }))).toBe(data[2])
                expect((yield* wait(win.iget({ target, at, count: 1 })))[0]).toBe(before[1] === data[2] ? was : data[2])
              }
            }
            yield* wait(win.ifence())
            yield* wait(win.iclose())
          }
        })
      })

      test.each(sizes)('lose no sum, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          for (const Type of [Int32Array, Float64Array, BigInt64Array, Float32Array, Uint8ClampedArray] as unknown as typeof types) {
            const win = yield* wait(comm.iwindow(memoryOf(Type, 2, kind)))
            const one = numbered(new Type(2), 1)
            const requests = below(10).flatMap(() => below(size).map((target) => win.iaccumulate(one, SUM, { target })))
            yield* wait(win.iflush())
            for (const request of requests) expect(request.settled).toBe(true)
            yield* wait(win.ifence())
            expect(numbersIn(win.local)).toEqual([Math.min(255, 10 * size), Math.min(255, 20 * size)])
            yield* wait(win.iclose())
          }
        })
      })

      test.each(sizes)('give each ticket once, of %i', async (size) => {
        const all = await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Int32Array, 1, kind)))
          const own: number[] = []
          for (let k = 0; k < 5; k++) own.push(yield* wait(win.ifetchAndOp(1, SUM, { target: 0 })))
          yield* wait(win.iclose())
          return own
        })
        expect(all.flat().sort((a, b) => a - b)).toEqual(below(5 * size))
      })

      test.each(sizes)('let one rank at a time have a locked part, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Float64Array, 1, kind)))
          for (let k = 0; k < 4; k++) {
            for (const target of below(size)) {
              yield* wait(win.ilock(target))
              const [n] = yield* wait(win.iget({ target, count: 1 }))
              yield* wait(win.iput(Float64Array.of(n! + 1), { target }))
              yield* wait(win.iunlock(target))
            }
          }
          yield* wait(win.ifence())
          expect(win.local[0]).toBe(4 * size)
          yield* wait(win.ilockAll())
          yield* wait(win.iaccumulate(Float64Array.of(1), SUM, { target: 0 }))
          yield* wait(win.iunlock())
          const shared = yield* wait(win.ilock(0, { shared: true }))
          yield* wait(win.iaccumulate(Float64Array.of(1), SUM, { target: 0 }))
          shared.release()
          yield* wait(win.ifence())
          if (comm.rank === 0) expect(win.local[0]).toBe(6 * size)
          yield* wait(win.iclose())
        })
      })

      test.each(sizes)('open parts to a group, and wait for all of it, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Int32Array, size, kind)))
          for (let round = 1; round < 4; round++) {
            yield* wait(win.ipost(win.group))
            yield* wait(win.istart(win.group))
            for (const target of below(size)) yield* wait(win.iput(Int32Array.of(round), { target, at: comm.rank }))
            yield* wait(win.icomplete())
            yield* wait(win.iwait())
            expect([...win.local]).toEqual(below(size).map(() => round))
          }
          yield* wait(win.ipost(GROUP_EMPTY))
          yield* wait(win.istart(GROUP_EMPTY))
          yield* wait(win.icomplete())
          expect(win.test()).toBe(true)
          yield* wait(win.iclose())
        })
      })

      test.each([2, 5])('carry more than a message, in both directions, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const length = 200_000
          const win = yield* wait(comm.iwindow(memoryOf(Float64Array, length + 1, kind)))
          const target = (comm.rank + 1) % size
          const data = numbered(new Float64Array(length), comm.rank) as Float64Array
          yield* wait(win.iput(data, { target, at: 1 }))
          yield* wait(win.iaccumulate(data, SUM, { target, at: 1 }))
          const before = yield* wait(win.igetAccumulate(data, SUM, { target, at: 1 }))
          expect([before[0], before[length - 1]]).toEqual([2 * comm.rank, 2 * (comm.rank + length - 1)])
          const got = yield* wait(win.iget({ target, at: 1, count: length }))
          expect([got[0], got[length - 1]]).toEqual([3 * comm.rank, 3 * (comm.rank + length - 1)])
          yield* wait(win.iclose())
        })
      })

      test('keep what waits for a lock, whatever comes after it', async () => {
        await each(binding, 2, function* (comm) {
          const length = 40_000
          const win = yield* wait(comm.iwindow(memoryOf(Float64Array, length, kind)))
          const target = 0
          if (comm.rank === target) {
            yield* wait(win.ilock(target))
            yield* wait(comm.isend(0, { dest: 1 }))
            for (let k = 0; k < 40; k++) yield* wait(comm.irecv({ source: 1 }))
            expect(win.local.every((value) => value === 0)).toBe(true)
            yield* wait(win.iunlock(target))
          } else {
            yield* wait(comm.irecv({ source: target }))
            const puts = [0, 1].map((half) => {
              const data = numbered(new Float64Array(length / 2), (half * length) / 2) as Float64Array
              return win.iput(data, { target, at: (half * length) / 2 })
            })
            // Enough to come to the same places of any ring.
            for (let k = 0; k < 40; k++) yield* wait(comm.isend(new Float64Array(8000).fill(-1), { dest: target }))
            for (const put of puts) yield* wait(put)
          }
          yield* wait(win.ifence())
          if (comm.rank === target) expect(numbersIn(win.local as Float64Array)).toEqual(below(length))
          yield* wait(win.iclose())
        })
      })

      test.each([1, 3])('take layouts and views at both ends, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Float64Array, 12, kind)))
          const target = (comm.rank + 1) % size
          const column = vector(3, 1, 4)
          const mine = numbered(new Float64Array(12), 0) as Float64Array
          yield* wait(win.iput(view(mine, column, { offset: 2 }), { target, at: 1, layout: column }))
          yield* wait(win.ifence())
          expect([...win.local]).toEqual([0, 2, 0, 0, 0, 6, 0, 0, 0, 10, 0, 0])
          yield* wait(win.ifence())
          yield* wait(win.iaccumulate(Float64Array.of(1, 2, 3), SUM, { target, at: 1, layout: column }))
          yield* wait(win.ifence())
          expect([...win.local]).toEqual([0, 3, 0, 0, 0, 8, 0, 0, 0, 13, 0, 0])
          expect([...(yield* wait(win.iget({ target, at: 1, layout: column })))]).toEqual([3, 8, 13])
          expect([...(yield* wait(win.iget({ target, layout: vector(3, 1, 4), count: 1, at: 1 })))]).toEqual([3, 8, 13])
          const into = new Float64Array(6)
          yield* wait(win.iget({ target, at: 1, layout: column, into: view(into, vector(3, 1, 2)) }))
          expect([...into]).toEqual([3, 0, 8, 0, 13, 0])
          yield* wait(win.iget({ target, at: 4, into: view(into, vector(2, 1, 1)) }))
          expect([...into]).toEqual([0, 8, 8, 0, 13, 0])
          yield* wait(win.ifence())
          yield* wait(win.iput(view(mine, vector(2, 1, 3)), { target, at: 6 }))
          yield* wait(win.ifence())
          expect([...win.local.subarray(6, 8)]).toEqual([0, 3])
          yield* wait(win.iclose())
        })
      })

      test('hold records, and bytes at any place', async () => {
        const Particle = struct({ id: 'u32', mass: 'f64', at: ['f32', 3] })
        await each(binding, 2, function* (comm) {
          const particles = Particle.allocate(4, { shared: kind === 'shared' })
          const win = yield* wait(comm.iwindow(particles))
          const target = 1 - comm.rank
          const own = Particle.allocate(2)
          own.set(0, { id: comm.rank + 1, mass: 0.5, at: [1, 2, 3] })
          own.set(1, { id: 7, mass: 1.5 })
          yield* wait(win.iput(own, { target, at: 1 }))
          yield* wait(win.ifence())
          expect(particles.toArray().map(({ id }) => id)).toEqual([0, target + 1, 7, 0])
          const got = yield* wait(win.iget({ target, at: 1, count: 2 }))
          expect(got.toArray()).toEqual(own.toArray())
          yield* wait(win.iclose())
          const bytes = yield* wait(comm.iwindow(memoryOf(Uint8Array, 33, kind)))
          yield* wait(bytes.iput(Float64Array.of(Math.PI), { target, at: 5 }))
          const into = new Float64Array(1)
          yield* wait(bytes.iget({ target, at: 5, into }))
          expect(into[0]).toBe(Math.PI)
          yield* wait(bytes.iaccumulate(Int32Array.of(5, -2), SUM, { target, at: 16 }))
          yield* wait(bytes.iaccumulate(Int32Array.of(5, -2), SUM, { target, at: 16 }))
          const sum = yield* wait(bytes.igetAccumulate(Int32Array.of(0, 0), NO_OP, { target, at: 16 }))
          expect([...(sum as unknown as Int32Array)]).toEqual([10, -4])
          yield* wait(bytes.iclose())
        })
      })

      test.each([1, 2, 4])('tell the target, with notify, and of changes, of %i', async (size) => {
        await each(binding, size, function* (comm) {
          const win = yield* wait(comm.iwindow(memoryOf(Int32Array, 2 * size, kind)))
          const next = (comm.rank + 1) % size
          const heard = win.notifications({ tag: 7 }).pipe(take(2), toArray())
          const changes: number[][] = []
          const watching = win.changes({ at: 1 }).subscribe(({ at, count, sources }) => changes.push([at, count, ...sources]))
          yield* wait(win.ifence())
          yield* wait(win.iput(Int32Array.of(1, 2), { target: next, at: 2 * comm.rank, notify: 7 }))
          yield* wait(win.iaccumulate(Int32Array.of(1), SUM, { target: next, at: 2 * comm.rank, notify: 7 }))
          const previous = (comm.rank + size - 1) % size
          const at = 2 * previous
          expect(yield* wait(heard)).toEqual([
            { source: previous, tag: 7, at, count: 2 },
            { source: previous, tag: 7, at, count: 1 }
          ])
          expect([...win.local.subarray(at, at + 2)]).toEqual([2, 2])
          yield* wait(win.ifence())
          expect(changes.length).toBeGreaterThan(0)
          const first = Math.max(1, at)
          expect(Math.min(...changes.map(([place]) => place!))).toBe(first)
          expect(Math.max(...changes.map(([place, count]) => place! + count!))).toBe(at + 2)
          for (const [, , ...sources] of changes) expect(sources).toEqual([previous])
          watching.unsubscribe()
          yield* wait(win.iclose())
        })
      })
    })

    test.each([1, 2, 4])('share one array where that is asked for, of %i', async (size) => {
      await each(binding, size, function* (comm) {
        const win = yield* wait(comm.iallocateWindow(Float64Array, comm.rank + 1, { contiguous: true }))
        win.local.fill(comm.rank)
        yield* wait(win.ifence())
        if (onHosts.includes(binding)) expect([undefined, Float64Array]).toContain(win.whole?.constructor)
        else expect([...win.whole!]).toEqual(below(size).flatMap((rank) => Array(rank + 1).fill(rank)))
        for (const rank of below(size)) {
          const part = win.shared(rank)
          if (part !== undefined) expect([...part]).toEqual(Array(rank + 1).fill(rank))
        }
        expect(win.shared(PROC_NULL)?.length).toBeGreaterThan(0)
        yield* wait(win.ifence())
        yield* wait(win.iclose())
      })
    })

    test('take memory on, and let it go', async () => {
      await each(binding, 3, function* (comm) {
        const win: Window = yield* wait(comm.iwindow())
        const memory = new Float64Array(4)
        const remote = win.attach(memory)
        const all = yield* wait(comm.iallgather(remote))
        const there = all[(comm.rank + 1) % 3]!
        yield* wait(win.iput(Float64Array.of(comm.rank), { target: there, at: 2 }))
        yield* wait(win.ifence())
        expect([...memory]).toEqual([0, 0, (comm.rank + 2) % 3, 0])
        yield* wait(win.ifence())
        win.detach(remote)
        yield* wait(win.ifence())
        let error: Error | undefined
        try {
          yield* wait(win.iget({ target: there, count: 1 }))
        } catch (thrown) {
          error = thrown as Error
        }
        expect(error?.name).toBe('FreedError')
        yield* wait(win.iclose())
      })
    })
  })
}
