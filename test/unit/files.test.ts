import fc from 'fast-check'
import { concatMap, defer, from, map, type Observable, of, take, timer } from 'rxjs'
import { mergeMap } from '../../operators/mergeMap.js'
import { readFrom } from '../../operators/readFrom.js'
import { writeTo } from '../../operators/writeTo.js'
import type { Communicator } from '../../src/communicator/communicator.js'
import { crc32c } from '../../src/file/crc32c.js'
import type { File } from '../../src/file/file.js'
import { beginBehind, endBehind, frameAt, MARK_EVERY } from '../../src/file/frames.js'
import type { ReadFromOptions } from '../../src/file/record-stream.js'
import type { WriteToOptions } from '../../src/file/record-writer.js'
import { View } from '../../src/file/view.js'
import { distributed, indexed, type Layout, type Records, resized, struct, subarray, vector, view } from '../../src/layout/index.js'
import { Status } from '../../src/request/status.js'
import { type SimulateOptions, simulate } from '../../testing/simulate.js'

/** What each rank gets of a program on a file in memory: its values, or its error; and what is on the disk then. */
function onFile<T>(
  size: number,
  options: SimulateOptions,
  open: (comm: Communicator) => ReturnType<Communicator['iopen']>,
  program: (file: File, comm: Communicator) => Observable<T>
): { results: T[][]; errors: (Error | undefined)[]; files: Record<string, Uint8Array> } {
  const results: T[][] = Array.from({ length: size }, () => [])
  const errors: (Error | undefined)[] = Array.from({ length: size }, () => undefined)
  const files = simulate(size, options, ({ comms, files, flush }) => {
    for (const [rank, comm] of comms.entries()) {
      open(comm).subscribe({
        next: (file) =>
          program(file, comm).subscribe({
            next: (value) => results[rank]!.push(value),
            error: (error) => {
              errors[rank] = error
              file.free()
            },
            complete: () => file.iclose().subscribe({ error: (error) => (errors[rank] = error) })
          }),
        error: (error) => (errors[rank] = error)
      })
    }
    flush()
    return files()
  })
  return { results, errors, files }
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

describe('a view', () => {
  it('tells bytes of elements, and refuses what lies behind 2⁵³-1', () => {
    const view = new View({ at: 16, type: 'f64' })
    expect([view.byteOffset(0), view.byteOffset(3), view.elementsIn(40), view.elementsIn(15)]).toEqual([16, 40, 3, 0])
    expect(view.runs(1, 2)).toEqual([{ position: 24, length: 16 }])
    expect(() => view.byteOffset(2 ** 51)).toThrow('2⁵³-1')
    expect(() => new View({ type: 'f65' as never })).toThrow("type: expected 'bytes'")
    expect(() => new View({ at: 5n as never })).toThrow('at: expected an integer')
  })
})

describe('a view with a layout', () => {
  const smaller = fc.integer({ min: 1, max: 4 })
  const layouts = fc.oneof(
    fc.tuple(smaller, smaller, fc.nat(3)).map(([count, length, gap]) => vector(count, length, length + gap)),
    fc.array(fc.tuple(fc.nat(3), smaller), { minLength: 1, maxLength: 4 }).map((parts) => {
      let end = 0
      const placed = parts.map(([gap, length]) => {
        const at = end + gap
        end = at + length
        return { at, length }
      })
      const picked = indexed(
        placed.map(({ length }) => length),
        placed.map(({ at }) => at)
      )
      return resized(picked, { extent: end + 2 })
    }),
    fc
      .array(fc.tuple(smaller, fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 3 })
      .map((dims) =>
        subarray({ sizes: dims.map(([n, a, b]) => n + a + b), subsizes: dims.map(([n]) => n), starts: dims.map(([, a]) => a) })
      )
  )

  /** The elements of a file that a layout picks, one after the other: those that it picks of an array that counts. */
  const picked = (layout: Layout, tiles: number): number[] => {
    const numbers = Float64Array.from({ length: layout.extent * (tiles + 2) + 100 }, (_, k) => k)
    return Array.from({ length: tiles }, (_, tile) => [...view(numbers, layout, { offset: tile * layout.extent }).pack()]).flat()
  }

  it('sees the elements that the layout picks, in every tile', () => {
    fc.assert(
      fc.property(layouts, fc.nat(20), fc.nat(9), fc.nat(200), (layout, at, from, bytes) => {
        const seen = new View({ at, type: 'i32', layout })
        const places = picked(layout, 20)
        const count = Math.min(places.length, 12)
        for (const [k, place] of places.entries()) if (k < 30) expect(seen.byteOffset(k)).toBe(at + 4 * place)
        const runs = seen.runs(from, count)
        const bytesOf = runs.flatMap(({ position, length }) => Array.from({ length }, (_, k) => position + k))
        const wanted = places.slice(from, from + count).flatMap((place) => [0, 1, 2, 3].map((k) => at + 4 * place + k))
        expect(bytesOf.slice(0, wanted.length)).toEqual(wanted)
        expect(runs.every(({ position }, k) => k === 0 || position > runs[k - 1]!.position + runs[k - 1]!.length)).toBe(true)
        expect(seen.elementsIn(bytes)).toBe(picked(layout, 60).filter((place) => at + 4 * place + 4 <= bytes).length)
      })
    )
  })

  it('refuses what is there twice, goes back, or is no layout', () => {
    expect(() => new View({ type: 'f64', layout: indexed(1, [2, 0]) })).toThrow('in a file its elements ascend')
    expect(() => new View({ type: 'f64', layout: indexed(2, [0, 1]) })).toThrow('none is there twice')
    expect(() => new View({ type: 'f64', layout: resized(vector(2, 1, 4), { extent: 1 }) })).toThrow('give it a larger extent')
    expect(() => new View({ type: 'f64', layout: 7 as never })).toThrow('layout: expected a layout')
    expect(() => new View({ type: 'f64', layout: vector(2, 1, 2, 'f64') })).toThrow("layout: 'f64' is for memory of bytes")
    expect(() => new View({ type: struct({}) })).toThrow('a struct without fields')
    expect(() => new View({ type: 'f64', layout: vector(0, 1, 2) }).runs(0, 1)).toThrow('it picks no element')
  })

  const rows = 6
  const columns = 8
  it.each([1, 2, 3, 4, 5, 7, 8])('gives each of %i ranks its columns of a matrix, written and read together', (size) => {
    const { results, errors, files } = onFile(
      size,
      // On two hosts they go by one rank of each.
      size % 2 === 0 ? { hosts: Array.from({ length: size }, (_, rank) => rank % 2) } : {},
      (comm) => comm.iopen('m', 'w+'),
      (file, comm) => {
        const share = { sizes: [rows, columns], grid: [1, size], coords: [0, comm.rank], by: ['none', 'block'] } as const
        const layout = distributed(share)
        const own = Float64Array.from(picked(layout, 1))
        return file.isetView({ type: 'f64', layout }).pipe(
          concatMap(() => file.iwriteAll(own)),
          concatMap(() => file.ireadAll({ at: 0, count: own.length })),
          map((back) => [...(back as Iterable<number>)].join() === own.join())
        )
      }
    )
    expect(errors.filter(Boolean)).toEqual([])
    expect(results.flat()).toEqual(Array.from({ length: size }, () => true))
    const all = new Float64Array(files.m!.slice().buffer)
    expect([...all]).toEqual(Array.from({ length: rows * columns }, (_, k) => k))
  })

  it('takes views as data and into, also big-endian', () => {
    const { results, errors, files } = onFile(
      1,
      {},
      (comm) => comm.iopen('v', 'w+', { view: { type: 'u16', format: 'external32' } }),
      (file) => {
        const matrix = Uint16Array.from({ length: 12 }, (_, k) => k)
        const other = new Uint16Array(12)
        return file.iwrite(view(matrix, vector(3, 1, 4), { offset: 1 })).pipe(
          concatMap(() => file.iread({ at: 0, into: view(other, vector(3, 1, 4), { offset: 2 }) })),
          map(() => [...other])
        )
      }
    )
    expect(errors).toEqual([undefined])
    expect(files.v).toEqual(Uint8Array.of(0, 1, 0, 5, 0, 9))
    expect(results).toEqual([[[0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 0]]])
  })

  it('has records of a struct, with the padding of C between, in either order of bytes', () => {
    const Pair = struct({ tag: 'u8', value: 'u32' })
    for (const format of ['native', 'external32'] as const) {
      const { results, errors, files } = onFile(
        1,
        {},
        (comm) => comm.iopen('r', 'w+', { view: { type: Pair, format } }),
        (file) => {
          const pairs = Pair.allocate(3)
          for (let k = 0; k < 3; k++) pairs.set(k, { tag: k + 1, value: 256 * k })
          const others = Pair.allocate(4)
          const status = new Status()
          return file.iwrite(pairs).pipe(
            concatMap(() => file.iread({ at: 1, into: others, status })),
            concatMap(() => file.iread({ at: 0, count: 1 })),
            map((packed) => [status.count, status.elements, others.toArray(), Pair.unpacked(packed as Uint8Array).toArray()])
          )
        }
      )
      expect(errors).toEqual([undefined])
      expect(files.r!.slice(8, 16)).toEqual(
        format === 'native' ? Uint8Array.of(2, 0, 0, 0, 0, 1, 0, 0) : Uint8Array.of(2, 0, 0, 0, 0, 0, 1, 0)
      )
      const [two, three, none] = [
        { tag: 2, value: 256 },
        { tag: 3, value: 512 },
        { tag: 0, value: 0 }
      ]
      expect(results).toEqual([[[2, 4, [two, three, none, none], [{ tag: 1, value: 0 }]]]])
    }
  })

  it('is read as a stream of records of a struct', () => {
    const Pair = struct({ tag: 'u8', value: 'u32' })
    const pairs = Pair.allocate(5)
    for (let k = 0; k < 5; k++) pairs.set(k, { tag: k, value: 10 * k })
    const { results, errors } = onFile(
      2,
      { files: { r: new Uint8Array(pairs.buffer as ArrayBuffer) } },
      (comm) => comm.iopen('r'),
      (file) => readFrom<Records>(file, { format: 'bytes', record: Pair }).pipe(map(({ value, at }) => [at, ...value.toArray()]))
    )
    expect(errors).toEqual([undefined, undefined])
    expect(results.flat()).toEqual([0, 1, 2, 3, 4].map((k) => [8 * k, { tag: k, value: 10 * k }]))
  })

  it('refuses data of another type, and streams of records', () => {
    const { errors } = onFile(
      1,
      {},
      (comm) => comm.iopen('r', 'w+', { view: { type: struct({ a: 'u8', b: 'f64' }) } }),
      (file) => file.iwrite(new Float64Array(2))
    )
    expect(errors[0]!.message).toContain(
      "data: the view's type is a struct (u8 f64), and this is a Float64Array; give records of that struct"
    )
    const streams = onFile(
      1,
      {},
      (comm) => comm.iopen('r', 'w+', { view: { type: 'f64', layout: vector(2, 1, 2) } }),
      (file) => defer(() => readFrom(file, { format: 'bytes' }))
    )
    expect(streams.errors[0]!.message).toContain('view: records lie in a row')
  })
})

describe('CRC-32C', () => {
  it('has the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, k) => k))).toBe(0x46dd794e)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })
})

describe('frames', () => {
  it('lie where two are as where their lengths together are', () => {
    const length = fc.nat(3 * MARK_EVERY)
    fc.assert(
      fc.property(length, length, length, (start, a, b) => {
        const begin = beginBehind(start)
        expect(endBehind(endBehind(begin, a), b === 0 ? 1 : b)).toBe(endBehind(begin, a + (b === 0 ? 1 : b)))
      })
    )
  })

  it('take in the file what is said', () => {
    fc.assert(
      fc.property(fc.nat(2 * MARK_EVERY), fc.nat(2 * MARK_EVERY), (start, length) => {
        const at = beginBehind(start)
        expect(frameAt(at, new Uint8Array(length)).length).toBe(endBehind(at, length + 8) - at)
      }),
      { numRuns: 30 }
    )
  })
})

describe('a file', () => {
  it('is opened, written and read at virtual times', () => {
    simulate(2, { latency: 1, disk: { latency: 3 } }, ({ ranks, expectObservable, files, flush }) => {
      const opened = ranks((comm) => comm.iopen('a.bin', 'w+'))
      const sizes: number[] = []
      for (const request of opened) {
        request.subscribe((file) => {
          file.iwriteAll(Uint8Array.of(file.group.rank!, 9), { shared: true }).subscribe()
          file.iread({ at: 0, count: 4 }).subscribe(() => sizes.push(1))
          file.iclose().subscribe()
        })
      }
      expectObservable(opened[0]!.pipe(map((file) => file.name))).toBe('------------(n|)', { n: 'world.file(1)' })
      flush()
      expect([...files()['a.bin']!]).toEqual([0, 9, 1, 9])
      expect(sizes).toEqual([1, 1])
    })
  })

  it.each([['never'], ['always'], ['auto']] as const)('holds the same bytes whatever the buffering: %s', (buffering) => {
    const { files, results, errors } = onFile(
      3,
      {},
      (comm) => comm.iopen('x', 'w+', { buffering }),
      (file, comm) => {
        const pieces = Array.from({ length: 5 }, (_, k) =>
          file.iwriteAll(Buffer.from(`${comm.rank}${k};`), { at: 3 * (3 * k + comm.rank) })
        )
        return pieces[4]!.pipe(map(() => 'written'))
      }
    )
    expect(errors).toEqual([undefined, undefined, undefined])
    expect(results).toEqual([['written'], ['written'], ['written']])
    expect(text(files.x)).toBe([0, 1, 2, 3, 4].flatMap((k) => [0, 1, 2].map((rank) => `${rank}${k};`)).join(''))
  })

  it.each([['never'], ['always'], ['auto']] as const)('is read to its end together, and memory behind that is left: %s', (buffering) => {
    // Bytes 0 to 9; rank 0 wants 0 to 4 and 6 to 10, rank 1 wants 4 to 6 and 10 to 14.
    const { results, errors } = onFile(
      2,
      { files: { x: Uint8Array.from({ length: 10 }, (_, k) => k) } },
      (comm) =>
        comm.iopen('x', 'r', {
          buffering,
          view: { layout: indexed(comm.rank === 0 ? [4, 4] : [2, 4], comm.rank === 0 ? [0, 6] : [4, 10], 'u8') }
        }),
      (file) => {
        const status = new Status()
        return file.ireadAll({ at: 0, into: new Uint8Array(6).fill(77), status }).pipe(map((into) => [...into, 'of', status.count]))
      }
    )
    expect(errors).toEqual([undefined, undefined])
    expect(results).toEqual([[[0, 1, 2, 3, 6, 7, 'of', 6]], [[4, 5, 77, 77, 77, 77, 'of', 2]]])
  })

  it('is a FileError on all ranks where one fails, which says whose', () => {
    const open = onFile(
      3,
      {},
      (comm) => comm.iopen('nowhere', 'r'),
      () => of(1)
    )
    for (const error of open.errors) expect(error).toMatchObject({ code: 'ERR_FILE', reason: 'ENOENT', path: 'nowhere' })
    for (const error of open.errors) expect(error!.message).toContain('on rank 0')
    const fail = ({ name, rank }: { name: string; rank: number }) => (name === 'write' && rank === 1 ? 'ENOSPC' : undefined)
    const write = onFile(
      3,
      { disk: { fail } },
      (comm) => comm.iopen('x', 'w'),
      (file) => file.iwriteAll(new Uint8Array(4), { shared: true })
    )
    for (const error of write.errors) expect(error).toMatchObject({ code: 'ERR_FILE', reason: 'ENOSPC', offset: 4 })
    for (const error of write.errors) expect(error!.message).toContain('on rank 1')
  })

  it('replaces another when all have closed it well, and not before', () => {
    const program = (file: File) => file.iwriteAll(Buffer.from('new'), { shared: true })
    const options = { files: { x: 'old' } }
    const open = (comm: Communicator) => comm.iopen('x', 'w', { replace: true })
    expect(Object.entries(onFile(2, options, open, program).files).map(([name, bytes]) => [name, text(bytes)])).toEqual([['x', 'newnew']])
    for (const failing of ['write', 'sync', 'rename']) {
      const fail = ({ name }: { name: string }) => (name === failing ? 'EIO' : undefined)
      const { files, errors } = onFile(2, { ...options, disk: { fail } }, open, program)
      expect(Object.entries(files).map(([name, bytes]) => [name, text(bytes)])).toEqual([['x', 'old']])
      for (const error of errors) expect(error).toMatchObject({ code: 'ERR_FILE', reason: 'EIO' })
    }
  })

  it.each([2, 3, 5])('that a rank frees after a call of all is not missed in that call, by %i', (size) => {
    const link = (from: number, to: number) => ({ latency: from === 0 ? 1 : 1 + 7 * ((from + to) % 3) })
    simulate(size, { link }, ({ comms, flush }) => {
      const ended: unknown[] = []
      for (const comm of comms) {
        comm
          .iopen('x', 'w')
          .pipe(concatMap((file) => file.isync().pipe(map(() => file.free()))))
          .subscribe({ next: () => ended.push(comm.rank), error: (error) => ended.push(error.message) })
      }
      flush()
      expect(ended.sort()).toEqual(comms.map(({ rank }) => rank))
    })
  })

  it('that one rank has freed fails what needs that rank, and nothing else', () => {
    simulate(2, {}, ({ comms, flush }) => {
      const opened: File[] = []
      for (const [rank, comm] of comms.entries()) {
        comm.iopen('x', 'w+').subscribe((file) => {
          opened[rank] = file
        })
      }
      flush()
      const told: string[] = []
      const outcome = (what: string) => ({
        next: () => told.push(`${what} is done`),
        error: (error: Error) => told.push(`${what}: ${error.name}, ${error.message.includes('rank 0')}`)
      })
      opened[1]!.iwriteAll(new Uint8Array(1)).subscribe(outcome('pending'))
      opened[0]!.free()
      flush()
      opened[1]!.iwriteAll(new Uint8Array(1)).subscribe(outcome('later'))
      opened[1]!.iwrite(new Uint8Array(1), { shared: true }).subscribe(outcome('shared'))
      opened[1]!.iwrite(new Uint8Array(1), { at: 0 }).subscribe(outcome('alone'))
      flush()
      opened[1]!.free()
      expect(told.sort()).toEqual(['alone is done', 'later: FreedError, true', 'pending: FreedError, true', 'shared: FreedError, true'])
    })
  })

  it('is named where it was not closed', () => {
    expect(() => simulate(1, {}, ({ comms: [comm] }) => void comm!.iopen('x', 'w').subscribe())).toThrow("never freed file 'world.file(1)'")
  })

  it('refuses what is no place in it', () => {
    const { results } = onFile(
      1,
      { files: { x: 'abcd' } },
      (comm) => comm.iopen('x'),
      (file) => {
        const failures = [{ at: -1 }, { at: 2 ** 53 }, { at: 5n as never }, { at: 1.5 }, { at: 2 ** 53 - 1, count: 9 }].map((place) => {
          const request = file.iread({ count: 1, ...place })
          let name = ''
          request.subscribe({ error: (error) => (name = error.name) })
          return name
        })
        return from([failures])
      }
    )
    expect(results[0]![0]).toEqual(Array(5).fill('CountError'))
  })
})

const shares = ['block', 'cyclic', 'demand', 'all'] as const

describe('records', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\t', '"'), maxLength: 12 })

  it('come to one rank, once, whatever the format, the share, the chunk and the number of ranks', () => {
    const parameters = [
      fc.array(word, { maxLength: 30 }),
      fc.constantFrom(...shares),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean()
    ] as const
    fc.assert(
      fc.property(...parameters, (lines, share, size, chunk, feed, ends) => {
        const content = lines.map((line, k) => (k === lines.length - 1 && !ends && line !== '' ? line : line + feed)).join('')
        const { results, errors } = onFile(
          size,
          { files: { x: content } },
          (comm) => comm.iopen('x'),
          (file) => readFrom<string>(file, { format: 'lines', share, chunk })
        )
        expect(errors.filter(Boolean)).toEqual([])
        const got = share === 'all' ? results[size - 1]! : results.flat().sort((a, b) => a.at - b.at)
        expect(got.map(({ value }) => value)).toEqual(lines)
        expect(got.map(({ at, end }) => Buffer.from(content).toString('utf8', at, end)).join('')).toBe(content)
      }),
      { numRuns: 40 }
    )
  })

  it.each(['frees', 'fails'])('on demand end where rank 0 %s when all are dealt out, and else with an error', (how) => {
    const lines = Array.from({ length: 20 }, (_, k) => `line ${k}\n`).join('')
    for (const [chunks, late] of [
      [4, false],
      [4, true],
      [40, false]
    ] as const) {
      simulate(3, { latency: 1, leaks: 'ignore', files: { x: lines } }, ({ comms, fail, flush }) => {
        const ends: string[] = []
        let records = 0
        for (const [rank, comm] of comms.entries()) {
          comm.iopen('x').subscribe((file) => {
            const leave = (): void => (how === 'frees' ? file.free() : fail(0))
            if (rank === 0 && chunks === 40) timer(12).subscribe(leave)
            const read = readFrom<string>(file, { share: 'demand', chunk: Math.ceil(lines.length / chunks) }).pipe(
              mergeMap((record) => timer(rank === 0 && chunks === 4 ? 0 : 10).pipe(map(() => record)), 1)
            )
            const start = timer(late && rank > 0 ? 100 : 0).pipe(concatMap(() => read))
            start.subscribe({
              next: () => records++,
              error: (error) => rank > 0 && ends.push(error.name),
              complete: () => (rank === 0 ? leave() : ends.push('complete'))
            })
          })
        }
        flush()
        const left = how === 'frees' ? 'FreedError' : 'RankFailedError'
        expect(ends).toEqual(chunks === 4 ? ['complete', 'complete'] : [left, left])
        if (chunks === 4) expect(records).toBe(20)
      })
    }
  })

  it('that were written are read, by any number of ranks', () => {
    const values = fc.array(
      fc.oneof(
        word,
        fc.integer(),
        fc.nat(70_000).map((length) => new Uint8Array(length))
      ),
      { maxLength: 8 }
    )
    fc.assert(
      fc.property(
        values,
        fc.constantFrom(...shares),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('rounds', 'arrival'),
        (given, share, size, order) => {
          const write: WriteToOptions = { format: 'frames', order: order as 'rounds' }
          const written = onFile(
            size,
            {},
            (comm) => comm.iopen('x', 'w'),
            (file) => writeTo(file, write)(given)
          )
          expect(written.errors.filter(Boolean)).toEqual([])
          const read: ReadFromOptions = { format: 'frames', share, chunk: 10_000 }
          const { results, errors } = onFile(
            size,
            { files: { x: written.files.x! } },
            (comm) => comm.iopen('x'),
            (file) => readFrom(file, read)
          )
          expect(errors.filter(Boolean)).toEqual([])
          const got = share === 'all' ? results[0]! : results.flat().sort((a, b) => a.at - b.at)
          if (order === 'rounds') expect(got.map(({ value }) => value)).toEqual(given.flatMap((value) => Array(size).fill(value)))
          else expect(got.length).toBe(given.length * size)
        }
      ),
      { numRuns: 25 }
    )
  })

  it('go on where another stream was left, on another number of ranks', () => {
    const lines = Array.from({ length: 40 }, (_, k) => `line ${k}`)
    const files = { x: lines.map((line) => `${line}\n`).join('') }
    for (const share of ['block', 'cyclic'] as const) {
      const { results } = onFile(
        3,
        { files },
        (comm) => comm.iopen('x'),
        (file) => {
          const records = readFrom<string>(file, { share, chunk: 16 })
          return records.pipe(
            take(5),
            map(({ value }) => ({ value, records }))
          )
        }
      )
      const taken = results.flat().map(({ value }) => value)
      const ranges = results.flatMap(([first]) => first!.records.remaining)
      const rest = onFile(
        2,
        { files },
        (comm) => comm.iopen('x'),
        (file) => readFrom<string>(file, { ranges })
      )
      expect([...taken, ...rest.results.flat().map(({ value }) => value)].sort()).toEqual([...lines].sort())
    }
  })

  it('behind a torn end are written where the last whole one ends', () => {
    const torn = onFile(
      1,
      { files: { x: 'one\ntwo\nthr' } },
      (comm) => comm.iopen('x', 'a+'),
      (file) => writeTo(file, { format: 'lines', repair: true })(['three'])
    )
    expect(text(torn.files.x)).toBe('one\ntwo\nthree\n')
    const whole = onFile(
      1,
      {},
      (comm) => comm.iopen('x', 'w'),
      (file) => writeTo(file, { format: 'frames' })([1, 'two'])
    )
    const cut = whole.files.x!.subarray(0, whole.files.x!.length - 1)
    const mended = onFile(
      1,
      { files: { x: cut } },
      (comm) => comm.iopen('x', 'a'),
      (file) => writeTo(file, { format: 'frames', repair: true })(['two'])
    )
    expect(mended.files).toEqual(whole.files)
    const read = onFile(
      1,
      { files: { x: cut } },
      (comm) => comm.iopen('x'),
      (file) => readFrom(file, { format: 'frames' })
    )
    expect(read.results[0]!.map(({ value }) => value)).toEqual([1])
    expect(read.errors[0]).toMatchObject({ reason: 'EFORMAT', offset: 25 })
  })

  it('that are damaged, short or too long say where', () => {
    const error = (content: Uint8Array | string, options: ReadFromOptions): Error | undefined =>
      onFile(
        1,
        { files: { x: content } },
        (comm) => comm.iopen('x'),
        (file) => readFrom(file, options)
      ).errors[0]
    const frames = onFile(
      1,
      {},
      (comm) => comm.iopen('x', 'w'),
      (file) => writeTo(file, { format: 'frames' })(['abc', 'def'])
    ).files.x!
    frames[frames.length - 1]! ^= 1
    expect(error(frames, { format: 'frames' })).toMatchObject({ code: 'ERR_FILE', reason: 'EFORMAT', offset: 28 })
    expect(error('no frames are here', { format: 'frames' })).toMatchObject({ reason: 'EFORMAT', offset: 0 })
    expect(error('1234567', { format: 'bytes', record: 3 })).toMatchObject({ reason: 'EFORMAT', offset: 6 })
    expect(error('a\nlonger\n', { maxRecord: 3 })).toMatchObject({ reason: 'EFORMAT', offset: 2 })
  })
})
