import { NEVER, of, repeat } from 'rxjs'
import * as mpi from '../../operators/index.js'
import { ASIDE, Call, cycleOf, isSame, isSingle, LARGE_SINGLE, SINGLE, STREAM, signatureOf } from '../../src/collective/call.js'
import { simulate } from '../../testing/index.js'

const signature = signatureOf({ name: 'reduce', root: 1 })
const callOf = (sequence: number): Call => new Call(sequence, signature, STREAM, undefined, {})

describe('the tags of calls', () => {
  it('are those of no other call or subscription that may be under way', () => {
    const sequences = [0, 1, 2 ** 15 - 1, 2 ** 24 - 1, 2 ** 24, 2 ** 29 - 1]
    const first = sequences.map((sequence) => callOf(sequence).nextTag())
    expect(new Set(first).size).toBe(sequences.length)
    const call = callOf(7)
    const tags = new Set(Array.from({ length: 2 ** 14 }, () => call.nextTag()))
    expect(tags.size).toBe(2 ** 14)
    for (const tag of [...first, ...tags]) expect(tag & ASIDE).toBe(0)
    for (const tag of tags) if (first.includes(tag)) throw new Error(`${tag} is twice`)
  })

  it('go round, and tell what is over from what has not begun', () => {
    expect(callOf(2 ** 29 + 5).nextTag()).toBe(callOf(5).nextTag())
    const call = callOf(3)
    const tags = Array.from({ length: 2 ** 14 + 20 }, () => call.nextTag())
    expect(tags[2 ** 14 + 1]).toBe(tags[1])
    const [over, before] = [tags.at(-1)!, tags.at(-100)!]
    expect(call.hasBegun(over)).toBe(true)
    expect(call.hasBegun(before)).toBe(true)
    expect(call.hasBegun(call.nextTag())).toBe(true)
    // Those that come next have tags of some long ago.
    expect(call.hasBegun(tags[22]!)).toBe(false)
    expect(call.hasBegun(tags[100]!)).toBe(false)
    for (const tag of tags.slice(1)) expect(tag % cycleOf(tag)).toBe(3)
    expect(tags[0]! % cycleOf(tags[0]!)).toBe(3)
  })

  it('are refused where they would be those of one that is still under way', () => {
    simulate(2, { latency: 0, leaks: 'ignore' }, ({ comms, flush }) => {
      const errors: Error[] = []
      let ended = 0
      for (const comm of comms) {
        const sums = mpi.barrier(comm)
        sums(NEVER).subscribe()
        const values = sums(of(1))
        // The first of those that are subscribed to again stays open.
        sums(NEVER).subscribe()
        values.pipe(repeat(2 ** 14 + 5)).subscribe({ error: (error) => errors.push(error), complete: () => ended++ })
      }
      flush()
      expect(ended).toBe(0)
      expect(errors.map(({ name }) => name)).toEqual(['ArgumentError', 'ArgumentError'])
      expect(errors[0]!.message).toMatch(/barrier\(.*too many/)
    })
  }, 60_000)
})

test('a hash says in which form a collective was called, and that is the same but for large data', () => {
  const [stream, single, large] = [STREAM, SINGLE, LARGE_SINGLE].map(
    (form) => new Call(0, signature, form as typeof STREAM, undefined, {}).hash
  )
  const other = new Call(0, signatureOf({ name: 'reduce', root: 2 }), STREAM, undefined, {}).hash
  expect([stream, single, large].map((hash) => isSingle(hash!))).toEqual([false, true, true])
  expect(isSame(stream!, single!)).toBe(true)
  expect(isSame(stream!, large!)).toBe(true)
  expect(isSame(large!, large!)).toBe(true)
  expect(isSame(single!, large!)).toBe(false)
  for (const hash of [stream, single, large]) expect(isSame(hash!, other)).toBe(false)
})
