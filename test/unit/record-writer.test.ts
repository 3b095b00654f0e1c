import fc from 'fast-check'
import { asyncScheduler, concat, concatMap, EMPTY, from, map, type Observable, of, take, throwError, timer } from 'rxjs'
import { pull } from '../../operators/pull.js'
import { writeTo } from '../../operators/writeTo.js'
import type { Ragged } from '../../src/collective/call.js'
import { CollectedWrites } from '../../src/file/collected-writes.js'
import type { File } from '../../src/file/file.js'
import type { WriteToOptions } from '../../src/file/record-writer.js'
import type { Written } from '../../src/file/record-writing.js'
import { RoundOrder, told } from '../../src/file/round-order.js'
import { type SimulateOptions, simulate } from '../../testing/simulate.js'
import type { DiskOperation } from '../../testing/simulation/virtual-disk.js'

describe('rounds of values', () => {
  it('have a place when all ranks have told of theirs, whatever comes with what', () => {
    const ranks = fc.array(
      fc.record({ lengths: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }), cuts: fc.array(fc.nat(5), { maxLength: 12 }) }),
      { minLength: 1, maxLength: 4 }
    )
    fc.assert(
      fc.property(ranks, fc.constantFrom<Ragged>('error', 'truncate', 'rest'), (all, ragged) => {
        const order = new RoundOrder(all.length, ragged)
        const placed: [rank: number, length: number][] = []
        const given = all.map(() => 0)
        for (let turn = 0; order.over === undefined; turn++) {
          const says = all.map(({ lengths, cuts }, rank) => {
            const next = lengths.slice(given[rank], given[rank]! + (cuts[turn] ?? 3))
            given[rank]! += next.length
            return told(next, given[rank] === lengths.length ? lengths.length : undefined)
          })
          const { ranks, lengths } = order.hear(says)
          for (const [k, rank] of ranks.entries()) placed.push([rank, lengths[k]!])
        }
        const counts = all.map(({ lengths }) => lengths.length)
        const rounds = ragged === 'rest' ? Math.max(...counts) : Math.min(...counts)
        const expected = Array.from({ length: rounds }, (_, k) =>
          all.flatMap(({ lengths }, rank) => (k < lengths.length ? [[rank, lengths[k]]] : []))
        ).flat()
        expect(placed).toEqual(expected)
        expect(order.over).toBe(ragged === 'error' && new Set(counts).size > 1 ? 'ragged' : 'complete')
      })
    )
  })

  it('are written by one rank, one block after the other, as its parts come', () => {
    const file = Buffer.alloc(12, '.')
    const told: string[] = []
    const access = {
      write: (bytes: Uint8Array, at: number, done: (error: null, count: number) => void) => {
        file.set(bytes, at)
        told.push(`written at ${at}`)
        done(null, bytes.length)
      }
    }
    const writes = new CollectedWrites(access as never, false)
    const tell = (what: string) => (error: Error | null) => void told.push(error?.message ?? what)
    writes.put(1, 1, Buffer.from('D'), tell('D'))
    writes.put(0, 1, Buffer.from('BBb'), tell('BBb'))
    writes.expect(1, { start: 6, ranks: [0, 1], ends: Float64Array.of(8, 9) }, tell('block 1'))
    writes.put(1, 0, Buffer.from('CC'), tell('CC'))
    expect(told).toEqual([])
    writes.put(0, 0, Buffer.from('Aaa'), tell('Aaa'))
    writes.expect(0, { start: 0, ranks: [0, 1, 0, 1], ends: Float64Array.of(1, 3, 5, 6) }, tell('block 0'))
    expect(file.toString()).toBe('ABBaabCCD...')
    expect(told).toEqual(['written at 0', 'BBb', 'Aaa', 'block 0', 'written at 6', 'D', 'block 1', 'CC'])
    writes.put(2, 0, Buffer.from('E'), tell('E'))
    writes.expect(2, { start: 9, ranks: [0, 1], ends: Float64Array.of(10, 11) }, tell('block 2'))
    writes.lose(1, new Error('lost'))
    writes.put(3, 0, Buffer.from('F'), tell('F'))
    expect(told.slice(8)).toEqual(['lost', 'lost', 'lost'])
    expect(file.toString()).toBe('ABBaabCCD...')
  })
})

/** What each rank's stream to a file does, and what is in the file then. */
function written(
  size: number,
  options: WriteToOptions,
  source: (rank: number) => Observable<unknown> | Iterable<unknown>,
  {
    after = (written$) => written$,
    ends = 'close',
    ...simulated
  }: { after?: (written$: Observable<Written>, rank: number) => Observable<Written>; ends?: 'close' | 'free' } & SimulateOptions = {}
): { places: Written[][]; ends: string[]; times: number[][]; content: string } {
  const places: Written[][] = Array.from({ length: size }, () => [])
  const times: number[][] = Array.from({ length: size }, () => [])
  const told: string[] = []
  const content = simulate(size, simulated, ({ comms, files, flush }) => {
    const finish = (file: File): void => (ends === 'free' ? file.free() : void file.iclose().subscribe({ error: () => undefined }))
    for (const [rank, comm] of comms.entries()) {
      comm.iopen('x', 'w').subscribe((file) => {
        const written$ = writeTo(file, options)(source(rank) as Observable<unknown>)
        after(written$, rank).subscribe({
          next: (place) => {
            places[rank]!.push(place)
            times[rank]!.push(asyncScheduler.now())
          },
          error: (error) => {
            told[rank] = error.name
            file.free()
          },
          complete: () => {
            told[rank] = 'complete'
            finish(file)
          }
        })
      })
    }
    flush()
    return Buffer.from(files().x ?? []).toString()
  })
  return { places, ends: told, times, content }
}

const values = (rank: number, count: number): string[] => Array.from({ length: count }, (_, k) => `${rank}.${k}${'x'.repeat((7 * k) % 5)}`)
const inRounds = (size: number, rounds: number): string =>
  Array.from({ length: rounds }, (_, k) => Array.from({ length: size }, (_, rank) => `${values(rank, k + 1)[k]}\n`))
    .flat()
    .join('')

describe('lines in rounds', () => {
  const sources: Record<string, (list: string[]) => Observable<string>> = {
    pulled: pull,
    pushed: (list) => from(list),
    slow: (list) => from(list).pipe(concatMap((value) => timer(1).pipe(map(() => value))))
  }
  const links: SimulateOptions[] = [{}, { jitter: 5, seed: 7 }, { hosts: [0, 1, 1, 0], latency: 2 }]

  it.each(['pulled', 'pushed', 'slow'] as const)('lie in rank order, each where it is told, of %s sources', (kind) => {
    for (const link of links) {
      for (const [size, window, count] of [
        [1, 1024, 40],
        [2, 1, 7],
        [3, 5, 40],
        [4, 1024, 20]
      ] as const) {
        const { hosts, ...rest } = link
        const sized = hosts === undefined ? rest : { ...rest, hosts: hosts.slice(0, size) }
        const result = written(size, { window, flush: size === 3 ? 'each' : 'end' }, (rank) => sources[kind]!(values(rank, count)), sized)
        expect(result.ends).toEqual(Array(size).fill('complete'))
        expect(result.content).toBe(inRounds(size, count))
        for (const [rank, places] of result.places.entries()) {
          expect(places.map(({ at, bytes }) => result.content.slice(at, at + bytes))).toEqual(
            values(rank, count).map((value) => `${value}\n`)
          )
        }
      }
    }
  })

  it('of unequal numbers end as ragged says', () => {
    const counts = [9, 30, 20]
    const run = (ragged: Ragged) => written(3, { ragged, window: 8 }, (rank) => pull(values(rank, counts[rank]!)))
    expect(run('error').ends).toEqual(Array(3).fill('RaggedStreamError'))
    const cut = run('truncate')
    expect([cut.ends, cut.content]).toEqual([Array(3).fill('complete'), inRounds(3, 9)])
    const rest = run('rest')
    expect(rest.ends).toEqual(Array(3).fill('complete'))
    expect(rest.places.map(({ length }) => length)).toEqual(counts)
  })

  it('end with whole rounds where a source fails, a rank listens no more, or the disk is full', () => {
    const failing = written(3, { window: 8 }, (rank) =>
      rank === 1
        ? concat(
            pull(values(1, 10)),
            throwError(() => new Error('own'))
          )
        : pull(values(rank, 50))
    )
    expect(failing.ends).toEqual(['RemoteError', 'Error', 'RemoteError'])
    expect(failing.content).toBe(inRounds(3, 10))
    expect(failing.places.map(({ length }) => length)).toEqual([10, 10, 10])

    for (const leaver of [0, 2]) {
      const leaving = written(3, { window: 8, ragged: 'truncate' }, (rank) => pull(values(rank, 50)), {
        after: (written$, rank) => (rank === leaver ? written$.pipe(take(5)) : written$)
      })
      expect(leaving.ends).toEqual(['complete', 'complete', 'complete'])
      const rounds = leaving.places[1]!.length
      expect([rounds >= 5, rounds < 50, leaving.content]).toEqual([true, true, inRounds(3, rounds)])
    }

    let writes = 0
    const full = written(3, { window: 8 }, (rank) => pull(values(rank, 50)), {
      disk: { fail: ({ name }) => (name === 'write' && ++writes > 2 ? 'ENOSPC' : undefined) }
    })
    expect(new Set(full.ends)).not.toContain('complete')
    expect(inRounds(3, 50).startsWith(full.content)).toBe(true)
  })

  it('are all written on every rank, also where others have freed the file by then', () => {
    const link = (from: number, to: number): { latency: number } => ({ latency: from === 2 || to === 2 ? 50 : 1 })
    for (const size of [2, 3, 5]) {
      const { ends, content } = written(size, { window: 8 }, (rank) => pull(values(rank, 30)), { link, ends: 'free' })
      expect([ends, content]).toEqual([Array(size).fill('complete'), inRounds(size, 30)])
    }
  })

  it('do not wait for more than the others', () => {
    const late = (rank: number): Observable<unknown> =>
      concat(
        ...[0, 100, 200].map((at, k) =>
          rank === 0 ? of(`0.${k}`) : concat(timer(k === 0 ? at : 100).pipe(concatMap(() => EMPTY)), of(`1.${k}`))
        )
      )
    const { times } = written(2, {}, late, { latency: 1 })
    // Messages of the first round go beside those that open the file.
    const begin = times[1]![0]!
    expect(times[1]!.map((time) => time - begin)).toEqual([0, 98, 198])
    expect(Math.max(...times[0]!.map((time, k) => time - times[1]![k]!))).toBeLessThanOrEqual(2)
  })
})

describe('lines as they arrive', () => {
  it('are written in runs of what is there, and each of a slow source at once', () => {
    let writes = 0
    const fail = ({ name }: DiskOperation): undefined => {
      if (name === 'write') writes++
    }
    const quick = written(2, { order: 'arrival' }, (rank) => pull(values(rank, 500)), { disk: { fail } })
    expect(quick.ends).toEqual(['complete', 'complete'])
    expect(quick.content.split('\n').sort()).toEqual([...values(0, 500), ...values(1, 500), ''].sort())
    expect(writes).toBeLessThan(20)
    const slow = written(1, { order: 'arrival' }, () => from([0, 1, 2]).pipe(concatMap((k) => timer(10).pipe(map(() => `${k}`)))))
    expect(slow.times[0]).toEqual([10, 20, 30])
  })
})
