import fc from 'fast-check'
import { of, toArray } from 'rxjs'
import { receiveFrom, sendTo } from '../../operators/index.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { contiguous, fieldwise, pack, packedBytes, struct, subarray, unpack, vector, view } from '../../src/layout/index.js'
import { BAND, MAX, MAXLOC, MIN, SUM } from '../../src/op/op.js'
import { Status } from '../../src/request/status.js'
import { simulate } from '../../testing/simulate.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'
import { layouts, picks, range } from './layout.reference.js'

/** Runs a program on so many ranks, and gives what each resolves to. */
const onRanks = <T>(size: number, program: (comm: Communicator) => Promise<T>): Promise<T[]> => Promise.all(memoryWorld(size).map(program))

const Particle = struct({ id: 'u32', mass: 'f64', at: ['f64', 3], kind: 'u8' })

describe('a view', () => {
  it('is received as any other of its types, and as an array', async () => {
    const [, got] = await onRanks(2, async (comm) => {
      if (comm.rank === 0) {
        const matrix = Float64Array.from(range(1200 * 30))
        await comm.send(view(matrix, vector(1200, 1, 30), { offset: 2 }), { dest: 1 })
        await comm.send(view(matrix, vector(1200, 1, 30), { offset: 2 }), { dest: 1 })
        await comm.send(Float64Array.of(1, 2), { dest: 1 })
        return undefined
      }
      const status = new Status()
      const plain = await comm.recv<Float64Array>({ source: 0 })
      const other = new Float64Array(40 * 40)
      await comm.recv({ source: 0, into: view(other, subarray({ sizes: [40, 40], subsizes: [30, 40], starts: [10, 0] })), status })
      const pair = new Float64Array(5)
      await comm.recv({ source: 0, into: view(pair, vector(3, 1, 2)) })
      return { plain, other, count: status.count, items: status.countOf(contiguous(600)), rest: status.countOf(contiguous(7)), pair }
    })
    const column = range(1200).map((k) => k * 30 + 2)
    expect([...got!.plain]).toEqual(column)
    expect([...got!.other]).toEqual([...new Array(400).fill(0), ...column])
    expect(got).toMatchObject({ count: 1200, items: 2, rest: undefined, pair: Float64Array.of(1, 0, 2, 0, 0) })
  })

  it('of any layout arrives where another says', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const places = picks(layout).elements
        const offset = -Math.min(0, ...places)
        const length = offset + Math.max(0, ...places) + 1
        fc.pre(new Set(places).size === places.length)
        simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
          const memory = Int16Array.from(range(length), (k) => k + 1)
          const other = new Int16Array(length)
          void zero!.isend(view(memory, layout, { offset }), { dest: 1 })
          const request = one!.irecv({ into: view(other, layout, { offset }) })
          flush()
          expect(request.value).toBeDefined()
          expect([...other]).toEqual(range(length).map((k) => (places.includes(k - offset) ? k + 1 : 0)))
        })
      }),
      { numRuns: 60 }
    )
  })

  it('that does not fit is refused, and its memory is as before', async () => {
    const memory = new Float64Array(9).fill(-1)
    const errors: string[] = []
    const heard = async (call: Promise<unknown>): Promise<void> => {
      const { code, message } = (await call.then(
        () => ({ code: 'none', message: '' }),
        (error) => error
      )) as { code: string; message: string }
      errors.push(code)
      if (code === 'none') throw new Error(message)
    }
    await onRanks(2, async (comm) => {
      if (comm.rank === 0) {
        await comm.send(Float64Array.of(1, 2, 3, 4), { dest: 1 })
        await comm.send(Float32Array.of(1), { dest: 1 })
        await comm.send('text', { dest: 1 })
        await comm.send(Particle.allocate(1), { dest: 1 })
        return
      }
      const column = view(memory, vector(3, 1, 3))
      for (let k = 0; k < 4; k++) await heard(comm.recv({ source: 0, into: column }))
      await heard(comm.recv({ source: 0, into: view(memory, vector(2, 2, 1)) }))
      await heard(comm.send(column, { dest: 0, transfer: true }))
      await heard(comm.send({ column }, { dest: 0 }))
    })
    const detached = new Float64Array(4)
    const gone = view(detached)
    structuredClone(detached.buffer, { transfer: [detached.buffer] })
    await onRanks(1, (comm) => heard(comm.send(gone, { dest: 0 })))
    expect(errors).toEqual([
      ...['ERR_TRUNCATE', 'ERR_DATATYPE', 'ERR_DATATYPE', 'ERR_DATATYPE'],
      ...['ERR_ALIAS', 'ERR_ARGUMENT', 'ERR_DATA_CLONE', 'ERR_ARGUMENT']
    ])
    expect(memory).toEqual(new Float64Array(9).fill(-1))
  })

  it('is sent and received by sendrecv in the same memory', async () => {
    const got = await onRanks(2, async (comm) => {
      const matrix = Int32Array.from(range(4), (k) => 10 * comm.rank + k)
      const column = view(matrix, vector(2, 1, 2))
      await comm.sendrecv(column, { dest: 1 - comm.rank, source: 1 - comm.rank, into: column })
      return [...matrix]
    })
    expect(got).toEqual([
      [10, 1, 12, 3],
      [0, 11, 2, 13]
    ])
  })

  it('is received by a matched probe, and goes through streams', async () => {
    const [, got] = await onRanks(2, async (comm) => {
      const matrix = Int32Array.from(range(6))
      const column = view(matrix, vector(3, 1, 2), { offset: 1 })
      if (comm.rank === 0) {
        await comm.send(column, { dest: 1 })
        await new Promise<void>((done) =>
          of(column, column)
            .pipe(sendTo(comm, { dest: 1 }))
            .subscribe({ complete: done })
        )
        return undefined
      }
      const target = new Int32Array(6)
      await (await comm.mprobe()).recv({ into: view(target, vector(3, 1, 2)) })
      const values = await new Promise((done) => receiveFrom<Int32Array>(comm, { source: 0 }).pipe(toArray()).subscribe(done))
      return { target, values }
    })
    expect(got).toEqual({ target: Int32Array.of(1, 0, 3, 0, 5, 0), values: [Int32Array.of(1, 3, 5), Int32Array.of(1, 3, 5)] })
  })
})

describe('records', () => {
  it('are laid out as in C', () => {
    expect([Particle.extent, Particle.size, Particle.alignment]).toEqual([48, 37, 8])
    expect(Particle.fields.at).toEqual({ type: 'f64', count: 3, offset: 16 })
    const packed = struct({ kind: 'u8', mass: 'f64' }, { packed: true })
    expect([packed.extent, packed.size, packed.fields.mass.offset]).toEqual([9, 9, 1])
    const nested = struct({ a: 'u8', inner: [Particle, 2], b: ['i16', 2] })
    expect([nested.extent, nested.size, nested.fields.inner.offset]).toEqual([112, 79, 8])
  })

  const Inner = struct({ x: 'i16', big: 'i64' })
  it.each([true, false])('are live, packed %s', (packed) => {
    const All = struct({ u: 'u8', c: 'u8c', f: 'f32', list: ['f64', 2], inner: Inner, inners: [Inner, 2], one: ['u16', 1] }, { packed })
    const records = All.allocate(3)
    const plain = {
      ...{ u: 255, c: 255, f: 0.5, list: Float64Array.of(1, 2), inner: { x: -2, big: -3n } },
      inners: [
        { x: 4, big: 5n },
        { x: 6, big: 7n }
      ],
      one: Uint16Array.of(9)
    }
    records.set(1, { ...plain, c: 300 })
    expect(records.toArray()[1]).toEqual(plain)
    const record = records.get(1)
    record.f *= 2
    record.list[0] = 5
    record.inners[1]!.big += 1n
    expect(records.toArray()[1]).toMatchObject({ f: 1, list: Float64Array.of(5, 2), inners: [{ x: 4 }, { x: 6, big: 8n }] })
    expect(records.toArray()[0]!.u).toBe(0)
    expect([...records].length).toBe(3)
    expect(records.subarray(1).get(0).u).toBe(255)
    expect(() => records.get(3)).toThrow(/no record 3/)
    expect(() => records.set(0, { nothing: 1 } as never)).toThrow(/no field/)
    const bytes = view(records).pack() as unknown as Uint8Array
    expect(All.unpacked(bytes).toArray()).toEqual(records.toArray())
  })

  it('lie on what there is, also where it is not aligned', () => {
    const bytes = new Uint8Array(100)
    const records = Particle.on(bytes, 3, 2)
    records.set(1, { mass: 2.5 })
    expect(new DataView(bytes.buffer).getFloat64(3 + 48 + 8, true)).toBe(2.5)
    expect(() => Particle.on(bytes, 5, 2)).toThrow(expect.objectContaining({ code: 'ERR_COUNT' }))
  })

  it('travel without padding, and match whatever their names', async () => {
    const Other = struct({ number: 'u32', doubles: ['f64', 4], sort: 'u8' }, { packed: true })
    const [, got] = await onRanks(2, async (comm) => {
      if (comm.rank === 0) {
        const records = Particle.allocate(2)
        records.set(0, { id: 1, mass: 2, at: [3, 4, 5], kind: 6 })
        for (let k = 0; k < 2; k++) await comm.send(records, { dest: 1 })
        await comm.send(view(records, Particle.field('mass'), { count: 2 }), { dest: 1 })
        return undefined
      }
      const status = new Status()
      const others = await comm.recv({ into: Other.allocate(3), status })
      const bytes = await comm.recv<Uint8Array>()
      return { other: others.toArray()[0], count: status.count, elements: status.elements, bytes: bytes.length, mass: await comm.recv() }
    })
    expect(got).toEqual({
      ...{ other: { number: 1, doubles: Float64Array.of(2, 3, 4, 5), sort: 6 }, count: 2, elements: 12, bytes: 74 },
      mass: Float64Array.of(2, 0)
    })
  })
})

describe('pack', () => {
  it.each(['native', 'external32'] as const)('puts different types one behind the other, %s', (format) => {
    const particles = Particle.allocate(2)
    particles.set(1, { id: 0x01020304, mass: 7 })
    const parts = [Int16Array.of(1), particles, view(Float64Array.of(1, 2, 3), vector(2, 1, 2))]
    expect(packedBytes(parts)).toBe(2 + 74 + 16)
    const bytes = pack(parts, { at: 1, format, into: new Uint8Array(100) })
    expect([...bytes.subarray(1, 3)]).toEqual(format === 'native' ? [1, 0] : [0, 1])
    const [short, others, doubles] = [new Int16Array(1), Particle.allocate(2), new Float64Array(2)]
    expect(unpack(bytes, [short, others, doubles], { at: 1, format })).toBe(93)
    expect([short[0], others.toArray(), [...doubles]]).toEqual([1, particles.toArray(), [1, 3]])
    expect(() => unpack(bytes, [new Uint8Array(101)])).toThrow(expect.objectContaining({ code: 'ERR_TRUNCATE' }))
  })
})

describe.each([1, 2, 3, 5])('collectives on %i ranks', (size) => {
  const column = (rank: number): { matrix: Float64Array; view: ReturnType<typeof view<Float64Array>> } => {
    const matrix = Float64Array.from(range(size * 2), (k) => 100 * rank + k)
    return { matrix, view: view(matrix, vector(size, 1, 2)) }
  }
  const evens = (rank: number): number[] => range(size).map((k) => 100 * rank + 2 * k)

  it('take and fill views', async () => {
    const got = await onRanks(size, async (comm) => {
      const { rank } = comm
      const mine = column(rank)
      const table = new Float64Array(size * size * 2)
      const everyOther = view(table, vector(size * size, 1, 2))
      const bcast = column(rank)
      await comm.bcast(bcast.view, { into: bcast.view })
      await comm.allgather(mine.view, { into: everyOther })
      const gathered = [...(everyOther.pack() as Float64Array)]
      await comm.alltoall(mine.view, { into: view(table, vector(size, 1, 2)) })
      const swapped = [...(view(table, vector(size, 1, 2)).pack() as Float64Array)]
      const share = await comm.scatter(rank === 0 ? mine.view : undefined, {
        into: view(new Float64Array(2), contiguous(1), { offset: 1 })
      })
      const sum = await comm.allreduce(mine.view, SUM)
      await comm.allreduce(mine.view, MAX, { into: mine.view })
      return {
        bcast: [...bcast.matrix],
        gathered,
        swapped,
        share: [...share.memory],
        sum: [...(sum as Float64Array)],
        max: [...mine.matrix]
      }
    })
    const all = range(size)
    const odd = (rank: number, evens: number[]): number[] => evens.flatMap((even, k) => [even, 100 * rank + 2 * k + 1])
    for (const rank of all) {
      expect(got[rank]).toEqual({
        bcast: odd(rank, evens(0)),
        gathered: all.flatMap(evens),
        swapped: all.map((from) => 100 * from + 2 * rank),
        share: [0, 2 * rank],
        sum: all.map((k) => all.reduce((sum, from) => sum + 100 * from + 2 * k, 0)),
        max: odd(rank, evens(size - 1))
      })
    }
  })

  it('count items of views', async () => {
    const got = await onRanks(size, async (comm) => {
      const pairs = new Int32Array(3 * size * 3).fill(-1)
      const into = view(pairs, vector(2, 1, 2), { count: 2 * size }) // each item two elements, three apart
      await comm.allgatherv(Int32Array.of(comm.rank, comm.rank + 10), {
        ...{ counts: new Array(size).fill(1), displs: range(size).map((k) => 2 * k), into }
      })
      return [...pairs.subarray(0, 6 * size)]
    })
    const expected = range(size).flatMap((k) => [k, -1, k + 10, -1, -1, -1])
    expect(got).toEqual(range(size).map(() => expected))
  })

  it('exchange views of different types, as MPI_Alltoallw', async () => {
    const got = await onRanks(size, async (comm) => {
      const doubles = Float64Array.from(range(2 * size), (k) => 100 * comm.rank + k)
      const ints = Int32Array.from(range(2 * size), (k) => 100 * comm.rank + k)
      const other = { doubles: new Float64Array(2 * size), ints: new Int32Array(2 * size) }
      const one = (to: number) =>
        to % 2 === comm.rank % 2 ? view(doubles, contiguous(1), { offset: 2 * to }) : view(ints, contiguous(1), { offset: 2 * to })
      const into = range(size).map((from) =>
        from % 2 === comm.rank % 2
          ? view(other.doubles, contiguous(1), { offset: 2 * from })
          : view(other.ints, contiguous(1), { offset: 2 * from })
      )
      expect(await comm.alltoall(range(size).map(one), { into })).toBe(into)
      return range(size).map((from) => other[from % 2 === comm.rank % 2 ? 'doubles' : 'ints'][2 * from])
    })
    expect(got).toEqual(range(size).map((rank) => range(size).map((from) => 100 * from + 2 * rank)))
  })

  it('reduce records, by field and by location', async () => {
    const Best = struct({ value: 'f64', location: 'i32' })
    const got = await onRanks(size, async (comm) => {
      const particles = Particle.allocate(3)
      for (let k = 0; k < 3; k++) particles.set(k, { id: comm.rank + k, mass: 1, at: [1, 2, comm.rank], kind: comm.rank })
      const totals = Particle.allocate(3)
      await comm.allreduce(particles, fieldwise({ id: MIN, mass: SUM, at: SUM, kind: MAX }), { into: totals })
      const best = Best.allocate(2)
      best.set(0, { value: comm.rank % 2, location: comm.rank })
      best.set(1, { value: 10 - comm.rank, location: comm.rank })
      await comm.allreduce(best, MAXLOC, { into: best })
      return [totals.toArray()[2], best.toArray()] as unknown[]
    })
    const sum = (size * (size - 1)) / 2
    for (const one of got) {
      expect(one).toEqual([
        { id: 2, mass: size, at: Float64Array.of(size, 2 * size, sum), kind: size - 1 },
        [
          { value: size > 1 ? 1 : 0, location: size > 1 ? 1 : 0 },
          { value: 10, location: 0 }
        ]
      ])
    }
  })

  it('refuse an op that does not take each field, before anything is sent', async () => {
    const Pair = struct({ n: 'u32', sub: struct({ x: 'f64' }) })
    const errors = await onRanks(size, async (comm) => {
      const wrong = [
        fieldwise({ n: SUM }),
        fieldwise({ n: SUM, sub: fieldwise({ y: SUM }) }),
        fieldwise({ n: SUM, sub: SUM }),
        fieldwise({ n: BAND, sub: fieldwise({ x: BAND }) })
      ]
      const calls = wrong.map((op) => comm.allreduce(Pair.allocate(1), op).catch((error: Error) => `${error.name}: ${error.message}`))
      const right = comm.allreduce(Pair.allocate(1), fieldwise({ n: SUM, sub: fieldwise({ x: SUM }) }), { into: Pair.allocate(1) })
      await right
      return Promise.all(calls)
    })
    for (const one of errors) {
      expect(one).toEqual([
        expect.stringContaining("ArgumentError: op: fieldwise has no op for the field 'sub'"),
        expect.stringContaining("ArgumentError: op: the field 'sub': op: fieldwise has no op for the field 'x'"),
        expect.stringContaining("DatatypeError: op: the field 'sub': "),
        expect.stringContaining("DatatypeError: op: the field 'sub': op: the field 'x': ")
      ])
    }
  })

  it('refuse what shares elements', async () => {
    const errors = await onRanks(size, async (comm) => {
      const { matrix, view: mine } = column(comm.rank)
      const code = (call: Promise<unknown>): Promise<string> =>
        call.then(
          () => 'none',
          (error) => error.code
        )
      return [
        await code(comm.alltoall(mine, { into: view(matrix, contiguous(size)) })),
        await code(comm.allreduce(Particle.allocate(1), SUM)),
        await code(
          comm.alltoall(
            range(size).map(() => mine),
            { into: range(size + 1).map(() => mine) }
          )
        )
      ]
    })
    for (const one of errors) expect(one).toEqual(['ERR_ALIAS', 'ERR_DATATYPE', 'ERR_COUNT'])
  })
})
