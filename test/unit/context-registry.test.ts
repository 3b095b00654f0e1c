import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RangeSet } from '../../src/memory/range-set.js'
import { COLLECTIVES, CONTEXTS, communicatorOf, FAILURES, FIRST_ID, IdSource } from '../../src/progress/context-ids.js'
import { ContextRegistry, type Membership } from '../../src/progress/context-registry.js'
import {
  CONTEXT_LIMIT,
  contextOf,
  datatypeAt,
  flagsOf,
  HEADER,
  kindOf,
  MOVES,
  START,
  tagOf,
  writeHeader
} from '../../src/progress/frame.js'

const somebody: Membership = { name: 'other', rankOf: (member: number) => member, announce: () => undefined, lose: () => undefined }

function slotAt(at: number) {
  const memory = new ArrayBuffer(at + HEADER)
  return { bytes: new Uint8Array(memory), words: new Int32Array(memory), doubles: new Float64Array(memory), at, length: HEADER }
}

test('a frame carries every context', () => {
  const edges = [0, 1, FAILURES, -1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 2 ** 31, CONTEXT_LIMIT - 1].map((context) =>
    fc.constant(context)
  )
  fc.assert(
    fc.property(fc.oneof(...edges, fc.integer({ min: FAILURES, max: CONTEXT_LIMIT - 1 })), (context) => {
      const slot = slotAt(8)
      writeHeader(slot, START, 200, MOVES, context, -7, 1, 2, 3, 4)
      assert.deepEqual([contextOf(slot), kindOf(slot), datatypeAt(slot), flagsOf(slot), tagOf(slot)], [context, START, 200, MOVES, -7])
    }),
    { numRuns: 2000 }
  )
})

describe('ids', () => {
  test('of all ranks differ, and none is one that ranks have without asking', () => {
    const size = 5
    const sources = Array.from({ length: size }, (_, rank) => new IdSource(rank, size))
    const ids = sources.flatMap((source) => Array.from({ length: 200 }, () => source.next()!))
    expect(new Set(ids).size).toBe(1000)
    expect(Math.min(...ids)).toBe(FIRST_ID)
    for (const id of ids) expect(communicatorOf(id + CONTEXTS - 1)).toBe(id)
  })

  test('end, and do not begin anew', () => {
    const source = new IdSource(2, 3)
    source.given = Math.floor((CONTEXT_LIMIT - FIRST_ID) / CONTEXTS / 3) - 2
    const last: (number | null)[] = []
    for (let k = 0; k < 6; k++) last.push(source.next())
    expect(last.filter((id) => id !== null).every((id) => id! + CONTEXTS <= CONTEXT_LIMIT)).toBe(true)
    expect(last[0]).not.toBeNull()
    expect(last.slice(-3)).toEqual([null, null, null])
  })
})

test('ranges know what is in them, and those that meet are one', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (values) => {
      const ranges = new RangeSet()
      const model = new Set<number>()
      for (const value of values) {
        ranges.add(value)
        model.add(value)
      }
      for (let value = -1; value < 43; value++) assert.equal(ranges.has(value), model.has(value))
      assert.equal(ranges.runs, [...model].filter((value) => !model.has(value - 1)).length)
    }),
    { numRuns: 500 }
  )
})

test('ranges beyond the most are forgotten, the lowest first', () => {
  const ranges = new RangeSet(3)
  for (const value of [8, 2, 4, 6]) ranges.add(value)
  expect([2, 4, 6, 8].map((value) => ranges.has(value))).toEqual([false, true, true, true])
})

describe('a rank', () => {
  const first = new IdSource(0, 2)
  const ids = Array.from({ length: 100 }, () => first.next()!)
  const [a, b, c] = ids as [number, number, number]

  test('keeps nothing for a communicator that it has never begun to make', () => {
    const registry = new ContextRegistry(2)
    expect(registry.find(a)).toBeUndefined()
    expect(registry.remembered).toBe(0)
  })

  test('keeps what comes for one that others have made before, until it is made here', () => {
    const registry = new ContextRegistry(2)
    const order = registry.begin()
    const early = registry.find(a + COLLECTIVES)
    expect(early).toBeDefined()
    registry.use(a, somebody)
    expect(registry.end(order)).toEqual([])
    expect(registry.get(a + COLLECTIVES)).toBe(early)
  })

  test('keeps it while any is in the making that it can be of, and no longer', () => {
    const registry = new ContextRegistry(2)
    const [one, two] = [registry.begin(), registry.begin()]
    registry.find(a)
    const three = registry.begin()
    registry.find(b)
    expect(registry.end(two)).toEqual([])
    expect(registry.end(one)).toEqual([a])
    expect(registry.end(three)).toEqual([b])
  })

  test('drops what comes late for one that it has freed, also while another is in the making', () => {
    const registry = new ContextRegistry(2)
    registry.use(a, somebody)
    registry.close(a)
    registry.retire(a)
    const order = registry.begin()
    expect(registry.find(a)).toBeUndefined()
    expect(registry.find(b)).toBeDefined()
    expect(registry.end(order)).toEqual([b])
  })

  test('drops what comes for one that was revoked, and remembers that it is there', () => {
    const registry = new ContextRegistry(2)
    registry.use(0, somebody)
    expect(registry.find(0)).toBeDefined()
    expect(registry.close(0)).toHaveLength(1)
    expect(registry.find(0)).toBeUndefined()
    expect([...registry.members()]).toEqual([somebody])
    registry.get(c)
    expect(registry.remembered).toBe(2)
  })

  test('remembers no more of a hundred thousand communicators than of one', () => {
    const registry = new ContextRegistry(2)
    const source = new IdSource(1, 2)
    const room = new Set<number>()
    for (let k = 0; k < 100_000; k++) {
      const order = registry.begin()
      const id = source.next()!
      registry.find(id)
      registry.use(id, somebody)
      registry.end(order)
      registry.get(id + COLLECTIVES)
      registry.close(id)
      registry.retire(id)
      room.add(registry.remembered)
    }
    expect([...room]).toEqual([1])
  })
})
