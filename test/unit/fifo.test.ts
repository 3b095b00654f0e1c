import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MatchQueue } from '../../src/progress/match-queue.js'

interface Entry {
  name: number
  gone: boolean
}

type Step = { kind: 'push' | 'shift' } | { kind: 'leave' | 'leave and return'; at: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ kind: 'push' }) },
  { weight: 1, arbitrary: fc.nat(1000).map((at): Step => ({ kind: 'leave and return', at })) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'shift' }) },
  { weight: 3, arbitrary: fc.nat(1000).map((at): Step => ({ kind: 'leave', at })) }
)

test('holds what an array would hold, whoever leaves from where', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => run(steps)),
    { numRuns: 200 }
  )
})

test('stays right over thousands of entries, at both ends and in the middle', () => {
  const steps: Step[] = []
  for (let k = 0; k < 6000; k++) {
    steps.push({ kind: 'push' })
    if (k % 7 === 0) steps.push({ kind: 'leave and return', at: (k * 17) % 1009 })
    if (k % 5 === 0) steps.push({ kind: 'leave', at: (k * 31) % 1009 })
    if (k > 3000 && k % 4 !== 0) steps.push({ kind: 'shift' }, { kind: 'shift' })
  }
  run(steps)
})

test('is empty when it has nothing but entries that left', () => {
  const fifo = new MatchQueue<Entry>()
  expect(fifo.empty).toBe(true)
  const entry = { name: 1, gone: false }
  fifo.push(entry)
  expect(fifo.empty).toBe(false)
  entry.gone = true
  fifo.left()
  expect(fifo.empty).toBe(true)
  expect([...fifo]).toEqual([])
})

function run(steps: readonly Step[]): void {
  const fifo = new MatchQueue<Entry>()
  const model: Entry[] = []
  for (const [name, step] of steps.entries()) {
    switch (step.kind) {
      case 'push': {
        const entry = { name, gone: false }
        fifo.push(entry)
        model.push(entry)
        break
      }
      case 'leave and return': {
        const entry = model[step.at % Math.max(1, model.length)]
        if (entry === undefined) break
        entry.gone = true
        fifo.left()
        fifo.insert(entry, (other) => other.name > entry.name)
        entry.gone = false
        break
      }
      case 'shift':
        assert.equal(fifo.first(), model[0])
        if (model.length > 0) {
          fifo.shift()
          model.shift()
        }
        break
      case 'leave': {
        const [entry] = model.splice(step.at % Math.max(1, model.length), 1)
        if (entry !== undefined) {
          entry.gone = true
          fifo.left()
        }
      }
    }
    assert.equal(fifo.first(), model[0])
    assert.equal(fifo.empty, model.length === 0)
  }
  assert.deepEqual(
    [...fifo].map(({ name }) => name),
    model.map(({ name }) => name)
  )
}
