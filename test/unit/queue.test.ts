import fc from 'fast-check'
import { Queue } from '../../src/memory/queue.js'
import { TagTable } from '../../src/memory/tag-table.js'

test('a queue gives what an array would', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 300, arbitrary: fc.constant('push') },
      { weight: 200, arbitrary: fc.constant('shift') },
      { weight: 1, arbitrary: fc.constant('clear') }
    ),
    {
      maxLength: 6000,
      size: 'max'
    }
  )
  fc.assert(
    fc.property(steps, (names) => {
      const queue = new Queue<number>()
      let model: number[] = []
      for (const [k, name] of names.entries()) {
        if (name === 'push') {
          queue.push(k)
          model.push(k)
        } else if (name === 'clear') {
          queue.clear()
          model = []
        } else if (model.length > 0) expect(queue.shift()).toBe(model.shift())
        if (queue.length !== model.length || queue.first !== model[0]) throw new Error(`after ${k} steps it differs`)
      }
    }),
    { numRuns: 30 }
  )
})

test('a table by tag gives what a map would, also when tags share a place', () => {
  interface Thing {
    readonly tag: number
    next: Thing | undefined
  }
  const steps = fc.array(
    fc.tuple(
      fc.boolean(),
      fc.oneof(
        fc.nat({ max: 40 }),
        fc.nat({ max: 40 }).map((k) => k * 1024)
      )
    ),
    { maxLength: 400 }
  )
  fc.assert(
    fc.property(steps, (list) => {
      const table = new TagTable<Thing>()
      const model = new Map<number, Thing>()
      for (const [adds, tag] of list) {
        const there = model.get(tag)
        if (adds && there === undefined) {
          const thing: Thing = { tag, next: undefined }
          table.add(thing)
          model.set(tag, thing)
        } else if (!adds && there !== undefined) {
          table.remove(there)
          model.delete(tag)
        }
        expect(table.get(tag)).toBe(model.get(tag))
      }
      expect(new Set(table.all())).toEqual(new Set(model.values()))
    })
  )
})
