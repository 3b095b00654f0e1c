import fc from 'fast-check'
import { AliasError } from '../../src/errors.js'
import { RaceLog } from '../../src/progress/race-log.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/index.js'

/** A message, and when its sender and its receiver call, in ms. Of each pair and tag there is one. */
interface Letter {
  from: number
  to: number
  elements: number
  synchronous: boolean
  sent: number
  received: number
  hasInto: boolean
}

const SIZE = 3

const letter = fc.record<Letter>({
  from: fc.nat(SIZE - 1),
  to: fc.nat(SIZE - 1),
  // On both sides of what goes at once.
  elements: fc.oneof(fc.nat(4), fc.integer({ min: 8190, max: 8200 }), fc.constant(2 ** 15)),
  synchronous: fc.boolean(),
  sent: fc.nat(5),
  received: fc.nat(5),
  hasInto: fc.boolean()
})

/** Runs them all; `spoil` is called right after the send of a letter with its data. */
function run(letters: readonly Letter[], spoil?: (k: number, data: Float64Array, sent: Request<void>) => void) {
  const sends: Request<void>[] = []
  const receives: Request<unknown>[] = []
  const races = Array.from({ length: SIZE }, () => new RaceLog())
  simulate(SIZE, { latency: 1, bytesPerMs: 10_000, leaks: 'ignore' }, ({ comms, cold, flush }) => {
    for (const { core, rank } of comms) races[rank]!.follow(core.endpoint)
    for (const [k, { from, to, elements, synchronous, sent, received, hasInto }] of letters.entries()) {
      const data = new Float64Array(elements).fill(k)
      cold(`${sent}ms a|`).subscribe(() => {
        const request = comms[from]![synchronous ? 'issend' : 'isend'](data, { dest: to, tag: k })
        sends[k] = request
        // What is complete is the program's again.
        request.subscribe({ next: () => data.fill(-1), error: () => undefined })
        spoil?.(k, data, request)
      })
      cold(`${received}ms a|`).subscribe(() => {
        const into = hasInto ? new Float64Array(elements + 1).fill(-2) : undefined
        const request = comms[to]!.irecv<Float64Array>({ source: from, tag: k, into })
        receives[k] = request
        request.subscribe({
          next: (array) => {
            if (spoil === undefined) expect(elements === 0 || (array[0] === k && array[elements - 1] === k)).toBe(true)
            into?.fill(-3)
          },
          error: () => undefined
        })
      })
    }
    flush()
  })
  return { sends, receives, races: races.flatMap((log) => log.lines('')) }
}

test('no right program is told of a buffer race or a message race', () => {
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 12 }), (letters) => {
      const { sends, receives, races } = run(letters)
      expect([...sends, ...receives].filter(({ settled, failed }) => !settled || failed)).toEqual([])
      expect(races).toEqual([])
    }),
    { numRuns: 15 }
  )
})

test('of a program that changes one buffer while its send is under way that send fails, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(letter, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(), (letters, which, place) => {
      let torn: number | undefined
      const { sends, receives } = run(letters, (k, data, sent) => {
        if (k !== which % letters.length || sent.settled || data.length === 0) return
        torn = k
        data[place % data.length] = 0.5
      })
      expect(sends.flatMap(({ failed }, k) => (failed ? [k] : []))).toEqual(torn === undefined ? [] : [torn])
      if (torn !== undefined) expect(sends[torn]!.failure).toBeInstanceOf(AliasError)
      expect(receives.filter(({ failed }) => failed)).toEqual([])
    }),
    { numRuns: 15 }
  )
})
