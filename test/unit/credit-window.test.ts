import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CreditWindow } from '../../src/progress/credit-window.js'
import { EAGER_BYTES, ENVELOPE_BYTES } from '../../src/progress/send-queue.js'

const WINDOW = 2 ** 19

/** The same with totals that only grow. */
class Totals {
  used = 0
  consumed = 0
  granted = WINDOW

  get exhausted(): boolean {
    return this.granted - this.used < EAGER_BYTES + ENVELOPE_BYTES && this.used > this.consumed
  }

  consume(weight: number): number {
    this.consumed += weight
    return this.#grant(this.consumed + WINDOW, WINDOW >> 2)
  }

  widen(): number {
    return this.#grant(Math.max(this.granted, this.used) + WINDOW, 0)
  }

  #grant(due: number, least: number): number {
    const more = due - this.granted
    if (more < least) return 0
    this.granted = due
    return more
  }
}

test('a window tells the credit that totals of all messages would', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ arrive: fc.integer({ min: ENVELOPE_BYTES, max: EAGER_BYTES + ENVELOPE_BYTES }) }) },
    { weight: 4, arbitrary: fc.constant('consume' as const) },
    { weight: 1, arbitrary: fc.constant('widen' as const) }
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const window = new CreditWindow(WINDOW)
      const totals = new Totals()
      const held: number[] = []
      for (const step of steps) {
        if (step === 'widen') assert.equal(window.widen(), totals.widen())
        else if (step === 'consume') {
          const weight = held.shift()
          if (weight !== undefined) assert.equal(window.consume(weight), totals.consume(weight))
        } else {
          held.push(step.arrive)
          window.arrive(step.arrive)
          totals.used += step.arrive
        }
        assert.equal(window.exhausted, totals.exhausted)
      }
    }),
    { numRuns: 300 }
  )
})
