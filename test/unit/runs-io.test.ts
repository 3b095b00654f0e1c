import fc from 'fast-check'
import type { FileAccess } from '../../src/file/access.js'
import { readRuns, writeRuns } from '../../src/file/runs-io.js'

const runs = fc
  .array(fc.tuple(fc.oneof(fc.nat(20), fc.integer({ min: 4000, max: 4200 })), fc.integer({ min: 1, max: 300 })), { maxLength: 40 })
  .map((parts) => {
    let end = 0
    return parts.map(([gap, length]) => {
      const position = end + gap
      end = position + length
      return { position, length }
    })
  })

/** A file in memory that moves what it is asked to at once where `quick` says so, else later. */
function fileOf(bytes: Uint8Array, quick: readonly boolean[]): { access: FileAccess; settle: () => void; calls: () => number } {
  const later: (() => void)[] = []
  let calls = 0
  const isQuick = (): boolean => quick[calls++ % quick.length]!
  const read = (into: Uint8Array, at: number, length: number, position: number): number => {
    const part = bytes.subarray(position, position + length)
    into.set(part, at)
    return part.length
  }
  const write = (from: Uint8Array, at: number, length: number, position: number): number => {
    bytes.set(from.subarray(at, at + length), position)
    return length
  }
  const arrayOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength)
  const access = {
    readNow: (...call: Parameters<typeof read>) => (isQuick() ? read(...call) : undefined),
    writeNow: (...call: Parameters<typeof write>) => (isQuick() ? write(...call) : undefined),
    read: (into: Uint8Array, position: number, done: (error: null, count: number) => void) =>
      later.push(() => done(null, read(arrayOf(into), 0, into.byteLength, position))),
    write: (from: Uint8Array, position: number, done: (error: null, count: number) => void) =>
      later.push(() => done(null, write(arrayOf(from), 0, from.byteLength, position)))
  }
  const settle = (): void => {
    for (let next = later.shift(); next !== undefined; next = later.shift()) next()
  }
  return { access: access as unknown as FileAccess, settle, calls: () => calls }
}

const quickness = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 })

it('runs of a file are read in their order up to its end, whatever is read at once', () => {
  fc.assert(
    fc.property(runs, fc.nat(20_000), quickness, (all, size, quick) => {
      const bytes = Uint8Array.from({ length: size }, (_, k) => (k % 251) + 1)
      const wanted = all.flatMap(({ position, length }) => [...bytes.subarray(position, position + length)])
      const into = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
      const { access, settle } = fileOf(bytes, quick)
      let count = -1
      readRuns(
        access,
        all,
        into,
        () => false,
        (_, read) => (count = read)
      )
      settle()
      expect(count).toBe(wanted.length)
      expect([...into.subarray(0, count)]).toEqual(wanted)
      expect(into.subarray(count).every((byte) => byte === 0)).toBe(true)
    })
  )
})

it('runs of a file are written to their places, and gaps stay as they are', () => {
  fc.assert(
    fc.property(runs, quickness, (all, quick) => {
      const size = (all.at(-1)?.position ?? 0) + (all.at(-1)?.length ?? 0)
      const bytes = new Uint8Array(size)
      const expected = new Uint8Array(size)
      const from = Uint8Array.from({ length: all.reduce((sum, { length }) => sum + length, 0) }, (_, k) => (k % 251) + 1)
      let at = 0
      for (const { position, length } of all) {
        expected.set(from.subarray(at, at + length), position)
        at += length
      }
      const { access, settle } = fileOf(bytes, quick)
      let count = -1
      writeRuns(
        access,
        all,
        from,
        () => false,
        (_, written) => (count = written)
      )
      settle()
      expect([count, Buffer.compare(bytes, expected)]).toEqual([from.length, 0])
    })
  )
})

it('runs with short gaps between are read by one call', () => {
  const bytes = new Uint8Array(100_000)
  const { access, calls } = fileOf(bytes, [true])
  const all = Array.from({ length: 1000 }, (_, k) => ({ position: 100 * k, length: 8 }))
  readRuns(
    access,
    all,
    new Uint8Array(8000),
    () => false,
    () => undefined
  )
  expect(calls()).toBe(1)
})
