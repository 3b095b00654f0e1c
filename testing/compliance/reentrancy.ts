import assert from 'node:assert/strict'
import type { TransportBinding } from './binding.js'
import { length, random } from './random.js'
import type { Declare } from './runner.js'
import { trial } from './trial.js'

/** What a receiver may do while it is called. */
export function reentrancy(binding: TransportBinding, test: Declare): void {
  test('delivers nothing within reserve, publish, again or move', () =>
    trial(binding, 2, async (run) => {
      for (const dest of [0, 1]) {
        for (let k = 0; k < 10; k++) await run.send(0, dest, 8 * k)
        run.ports[0]!.again(dest)
        run.ports[0]!.move(dest, 1, new ArrayBuffer(8))
        for (const port of run.ports) port.fill(dest, () => port.transport.maxSegment)
      }
      await run.complete()
    }))

  test('takes what is sent from within a delivery: 2,000 times to and fro, and to itself', () =>
    trial(binding, 2, async (run) => {
      for (const [from, to] of [
        [0, 1],
        [0, 0]
      ] as const) {
        const count = (): number => run.ports[from]!.received[to]! + run.ports[to]!.received[from]!
        const goal = count() + 2000
        for (const port of run.ports) {
          port.onSegment = (source) => {
            if (count() < goal) assert.ok(port.send(source, count() % 100), 'there was no room for a single segment')
          }
        }
        await run.send(from, to, 0)
        await run.until(() => count() >= goal, 'an answer')
        for (const port of run.ports) port.onSegment = () => undefined
        await run.complete()
      }
    }))

  test('takes what is sent from within a delivery until there is no room, and announces it then', () =>
    trial(binding, 2, async (run) => {
      const [asker, answerer] = [run.ports[0]!, run.ports[1]!]
      const { maxSegment } = asker.transport
      let owed = 0
      const pay = (): boolean => {
        let paid = 0
        while (owed > 0 && answerer.send(0, maxSegment)) {
          owed--
          paid++
        }
        return paid > 0
      }
      answerer.onSegment = () => {
        owed += 20
        pay()
      }
      answerer.onRoom = pay
      for (let k = 0; k < 5; k++) await run.send(0, 1, 8)
      await run.until(() => asker.received[1] === 100, 'an answer')
      await run.complete()
    }))

  test('can be polled from within a delivery', () =>
    trial(binding, 3, async (run) => {
      const next = random(31)
      let depth = 0
      let deepest = 0
      for (const port of run.ports) {
        port.onSegment = (source, bytes) => {
          depth++
          deepest = Math.max(deepest, depth)
          if (bytes % 3 === 0) port.send(source, 1)
          port.poll()
          depth--
        }
      }
      for (let k = 0; k < 100; k++) for (const { rank } of run.ports) await run.send(rank, (rank + k) % 3, 3 * length(next, 300))
      await run.complete()
      assert.equal(depth, 0)
      assert.ok(deepest > 0)
    }))

  test('polls by itself while something is held, and after it was quiet for long', () =>
    trial(binding, 2, async (run) => {
      const [sender, receiver] = [run.ports[0]!, run.ports[1]!]
      receiver.transport.hold()
      for (let k = 1; k <= 20; k++) {
        for (let turns = 0; turns < 20 * k; turns++) await run.untilAlone(() => true, '')
        assert.ok(sender.send(1, k))
        await run.untilAlone(() => receiver.received[0] === k, 'a segment for a rank that holds')
      }
      receiver.transport.release()
    }))

  test('polls by itself for room', () =>
    trial(binding, 2, async (run) => {
      const [sender, receiver] = [run.ports[0]!, run.ports[1]!]
      const { maxSegment } = sender.transport
      let left = 50
      const write = (): boolean => {
        const before = left
        while (left > 0 && sender.send(1, maxSegment)) left--
        return left < before
      }
      sender.onRoom = write
      receiver.transport.hold()
      write()
      await run.untilAlone(() => receiver.received[0] === 50, 'room')
      receiver.transport.release()
    }))
}
