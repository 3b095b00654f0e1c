import assert from 'node:assert/strict'
import type { TransportBinding } from './binding.js'
import { length, random } from './random.js'
import type { Declare } from './runner.js'
import { trial } from './trial.js'

/** Ranks that end, or fail. */
export function ending(binding: TransportBinding, test: Declare): void {
  test('tells each rank once that another has gone, after all that it sent', () =>
    trial(binding, 3, async (run) => {
      const next = random(41)
      for (const dest of [0, 2]) run.ports[1]!.fill(dest, () => length(next, run.ports[1]!.transport.maxSegment), 2 ** 22)
      run.end(1)
      await run.until(() => [0, 2].every((rank) => run.ports[rank]!.ended.length > 0), 'rank 1 has gone')
      await run.complete()
      assert.deepEqual(
        [0, 2].map((rank) => run.ports[rank]!.ended),
        [[1], [1]]
      )
    }))

  test('goes on between those that are left, though they still send to one that has gone', () =>
    trial(binding, 3, async (run) => {
      const { maxSegment } = run.ports[0]!.transport
      run.ports[0]!.fill(1, () => maxSegment, 2 ** 22)
      run.end(1)
      for (let round = 0; round < 50; round++) {
        for (const rank of [0, 2]) run.ports[rank]!.send(1, maxSegment)
        await run.send(0, 2, maxSegment)
        await run.send(2, 0, round)
      }
      await run.until(() => [0, 2].every((rank) => run.ports[rank]!.ended.length > 0), 'rank 1 has gone')
      await run.complete()
    }))

  test('tells of ranks that go one after the other, and at once', () =>
    trial(binding, 5, async (run) => {
      run.end(3)
      await run.until(() => [0, 1, 2, 4].every((rank) => run.ports[rank]!.ended.length === 1), 'rank 3 has gone')
      for (const rank of [0, 4]) await run.send(rank, 1, 8 * rank)
      run.end(0)
      run.end(4)
      await run.until(() => [1, 2].every((rank) => run.ports[rank]!.ended.length === 3), 'ranks 0 and 4 have gone')
      await run.complete()
    }))
}
