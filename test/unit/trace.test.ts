import fc from 'fast-check'
import { Arrows, corrections } from '../../src/trace/arrows.js'
import { type Deed, recorded, traceOf } from './recorded.js'

interface Event {
  ph: string
  name: string
  cat?: string
  pid: number
  ts: number
  dur?: number
  id?: string
  args?: Record<string, unknown>
}

const eventsOf = (...args: Parameters<typeof recorded>): Event[] => JSON.parse(traceOf(recorded(...args)))

/** How long each arrow is, in µs. */
function lengths(events: readonly Event[]): number[] {
  const begins = new Map(events.filter(({ ph }) => ph === 's').map(({ id, ts }) => [id, ts]))
  return events.filter(({ ph }) => ph === 'f').map(({ id, ts }) => ts - begins.get(id)!)
}

describe('the trace of a job', () => {
  it('has a slice and an end of an arrow for each end of a message, and a slice for each call', () => {
    const events = eventsOf(2, [
      { at: 1, by: 0, sends: 1, tag: 7, bytes: 80 },
      { at: 3, by: 1, receives: 0, tag: 7, bytes: 80, waited: 2.5 },
      { at: 9, by: 1, calls: 'allreduce', takes: 4 },
      { at: 10, by: 0, ends: 'failure' },
      { at: 11, by: 1, ends: 'end' }
    ])
    const of = (wanted: string): Event[] => events.filter(({ ph }) => ph === wanted)
    const args = { tag: 7, communicator: 'world', datatype: 'Float64Array', bytes: 80 }
    expect(of('X')).toEqual([
      { ph: 'X', cat: 'message', name: 'to 1', pid: 0, tid: 0, ts: 1000, dur: 0.5, args: { to: 1, ...args } },
      { ph: 'X', cat: 'message', name: 'from 0', pid: 1, tid: 0, ts: 3000, dur: 0.5, args: { from: 0, ...args } }
    ])
    expect(lengths(events)).toEqual([2000])
    expect(of('b').map(({ name, ts }) => [name, ts])).toEqual([
      ['recv', 500],
      ['allreduce', 5000]
    ])
    expect(of('e').map(({ name, ts }) => [name, ts])).toEqual([
      ['recv', 3000],
      ['allreduce', 9000]
    ])
    expect(of('i').map(({ name, ts, args: about }) => [name, ts, about])).toEqual([
      ['failure', 10_000, { reason: 'has failed' }],
      ['end', 11_000, undefined]
    ])
  })

  it('has no arrow that goes back where clocks of machines differ: they are put forward by as little as that takes', () => {
    // A message takes 2 ms each way; the clock of the other machine is 5 ms slow.
    const deeds: Deed[] = [
      { at: 10, by: 0, sends: 1 },
      { at: 12, by: 1, receives: 0 },
      { at: 20, by: 1, sends: 0 },
      { at: 22, by: 0, receives: 1 }
    ]
    for (const wrong of [-5, 5]) {
      const found = lengths(eventsOf(2, deeds, [{}, { wrong }], (rank) => rank)).map((length) => Math.round(length))
      // All that is known is that both take 4 ms together.
      expect(found).toEqual(wrong < 0 ? [0, 4000] : [4000, 0])
    }
    expect(lengths(eventsOf(2, deeds, [{}, { wrong: 1 }], (rank) => rank)).map(Math.round)).toEqual([3000, 1000])
  })

  it('has none where they differ, drift, and rows come in any order', () => {
    const message = fc.record({
      from: fc.nat(4),
      to: fc.nat(4),
      at: fc.nat(1000),
      takes: fc.integer({ min: 0, max: 3 }),
      tag: fc.nat(2)
    })
    const machine = fc.record({ wrong: fc.integer({ min: -500, max: 500 }), fast: fc.constantFrom(0, 0, 0.01, -0.01) })
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30 }),
        fc.array(machine, { minLength: 2, maxLength: 2 }),
        fc.boolean(),
        (messages, two, back) => {
          // Messages of a pair and tag do not overtake each other.
          const last = new Map<string, number>()
          const sorted = [...messages].sort((one, other) => one.at - other.at)
          const deeds = sorted.flatMap(({ from, to, at, takes, tag }): Deed[] => {
            const key = `${from} ${to} ${tag}`
            const arrives = Math.max(at + takes, last.get(key) ?? 0)
            last.set(key, arrives)
            return [
              { at, by: from, sends: to, tag },
              { at: arrives, by: to, receives: from, tag }
            ]
          })
          // What a rank has done comes in order, and those of different ranks in any.
          const mixed = back ? [...deeds].sort((one, other) => other.by - one.by) : deeds
          const found = lengths(eventsOf(5, mixed, [{}, ...two], (rank) => rank % 3))
          expect(found).toHaveLength(messages.length)
          for (const length of found) expect(length).toBeGreaterThanOrEqual(-0.001)
        }
      ),
      { numRuns: 60 }
    )
  })
})

describe('arrows', () => {
  it('bring the n-th that is sent of a path to the n-th that is received, whichever is met first, and forget them', () => {
    const met: [number, number, number][] = []
    const arrows = new Arrows((id, sent, received) => met.push([id, sent.time, received.time]))
    const end = (time: number, path = 'a') => ({ time, path, clock: 0 })
    expect([arrows.add(end(1), true), arrows.add(end(2), true), arrows.add(end(3, 'b'), false)]).toEqual([0, 1, 2])
    expect([arrows.add(end(4), false), arrows.add(end(5), false), arrows.add(end(6), false), arrows.add(end(0, 'b'), true)]).toEqual([
      0, 1, 3, 2
    ])
    expect(met).toEqual([
      [0, 1, 4],
      [1, 2, 5],
      [2, 0, 3]
    ])
  })

  it('put clocks forward along the longest way', () => {
    const least = new Map([
      ['0 1', [0, 1, -5] as const],
      ['1 2', [1, 2, -3] as const],
      ['0 2', [0, 2, -1] as const],
      ['2 0', [2, 0, 9] as const]
    ])
    expect(corrections(3, least)).toEqual([0, 5, 8])
  })
})
