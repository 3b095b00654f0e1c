import { createOp } from '../../src/op/op.js'
import { bindings } from './collectives/bindings.js'

/** An op may throw on any segment of an array that is combined as it comes. */
describe.each(bindings)('an op that throws over $name', (binding) => {
  test.each([
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 30_000],
    [2, 100_000]
  ])('fails the call on all of %i ranks, with %i elements', async (size, length) => {
    let calls = 0
    const op = createOp<Float64Array>((a) => {
      // Not on the first run.
      if (++calls > (length > 1000 ? size : 0)) throw new Error('boom')
      return a
    })
    const outcomes = await binding.run(size, (comm) => comm.iallreduce(new Float64Array(length), op, { into: new Float64Array(length) }))
    for (const { error } of outcomes) expect(String(error)).toContain('boom')
  })
})
