import fc from 'fast-check'
import { Heap } from '../../src/transport/memory/heap.js'

test('a heap gives the first of all that is in it, whatever came and went', () => {
  const commands = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant('shift' as const)), { maxLength: 200 })
  fc.assert(
    fc.property(commands, (list) => {
      const heap = new Heap<number>((a, b) => a < b)
      const model: number[] = []
      for (const command of list) {
        if (command === 'shift') {
          heap.shift()
          model.shift()
        } else {
          heap.push(command)
          model.push(command)
          model.sort((a, b) => a - b)
        }
        expect(heap.first).toBe(model[0])
      }
    })
  )
})
