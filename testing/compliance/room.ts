import assert from 'node:assert/strict'
import type { TransportBinding } from './binding.js'
import { length, random } from './random.js'
import type { Declare } from './runner.js'
import { trial } from './trial.js'

/** More than that is not bounded. */
const BOUND = 2 ** 26

/** Room: bounded, and announced. */
export function room(binding: TransportBinding, test: Declare): void {
  for (const [what, bytes, rounds] of [
    ['empty', () => 0, 1],
    ['small', () => 24, 1],
    ['long', (longest: number) => longest, 5]
  ] as const) {
    test(`says that there is no room, and delivers all that it took: ${what} segments`, () =>
      trial(binding, 2, async (run) => {
        for (const dest of [1, 0]) {
          const { maxSegment } = run.ports[0]!.transport
          for (let round = 0; round < rounds; round++) {
            const { bytes: taken, segments } = run.ports[0]!.fill(dest, () => bytes(maxSegment), BOUND)
            assert.ok(taken < BOUND, `${segments} segments were taken and none was read`)
            assert.ok(segments > 0, 'there was no room in an empty world')
            await run.complete()
          }
        }
      }))
  }

  test('has room for the longest segment again and again, whatever was sent before', () =>
    trial(binding, 2, async (run) => {
      const next = random(21)
      const { maxSegment } = run.ports[0]!.transport
      for (let round = 0; round < 200; round++) {
        await run.send(0, 1, length(next, maxSegment))
        await run.until(() => run.ports[1]!.received[0] === 2 * round + 1, 'a segment')
        await run.send(0, 1, maxSegment)
        await run.until(() => run.ports[1]!.received[0] === 2 * round + 2, 'the longest segment')
      }
    }))

  test('announces room once some was made', () =>
    trial(binding, 2, async (run) => {
      const { transport, rooms } = run.ports[0]!
      for (let round = 0; round < 5; round++) {
        const before = rooms[1]!
        run.ports[0]!.fill(1, () => transport.maxSegment)
        await run.until(() => rooms[1]! > before, 'room was made and not announced')
        await run.until(() => run.ports[0]!.send(1, transport.maxSegment), 'room was announced and there is none')
        await run.complete()
      }
    }))

  test('announces room though a shorter segment has found some meanwhile', () =>
    trial(binding, 2, async (run) => {
      const { transport, rooms } = run.ports[0]!
      for (let round = 0; round < 5; round++) {
        const before = rooms[1]!
        // Of a length that leaves some room at the end.
        run.ports[0]!.fill(1, () => (transport.maxSegment * 0.7) & ~7)
        run.ports[0]!.send(1, 8)
        await run.until(() => rooms[1]! > before, 'room was made and not announced')
        await run.complete()
      }
    }))

  test('announces room that is asked for, once, though there was some', () =>
    trial(binding, 3, async (run) => {
      for (const dest of [0, 1, 2]) run.ports[0]!.again(dest)
      await run.until(() => run.ports[0]!.rooms.every((count) => count > 0), 'room was asked for')
      await run.quiet()
      assert.deepEqual(run.ports[0]!.rooms, [1, 1, 1])
      assert.deepEqual(run.ports[1]!.rooms, [0, 0, 0])
    }))

  test('announces room again where a call of room asks for it', () =>
    trial(binding, 2, async (run) => {
      const { rooms, transport } = run.ports[0]!
      run.ports[0]!.onRoom = (dest) => {
        if (rooms[dest]! < 50) transport.again(dest)
        return false
      }
      run.ports[0]!.again(1)
      await run.until(() => rooms[1] === 50, `room was announced ${rooms[1]} times instead of 50`)
      await run.quiet()
      assert.equal(rooms[1], 50)
    }))

  for (const size of [2, 3, 5]) {
    test(`carries all to all between ${size} ranks while every way is full`, () =>
      trial(binding, size, async (run) => {
        const next = random(size)
        const left = run.ports.map(() => run.ports.map(() => 0))
        const write = (rank: number, dest: number): boolean => {
          const port = run.ports[rank]!
          const { bytes } = port.fill(dest, () => length(next, port.transport.maxSegment), left[rank]![dest]!)
          left[rank]![dest]! -= bytes
          return bytes > 0
        }
        for (const port of run.ports) {
          port.onRoom = (dest) => write(port.rank, dest)
          for (let dest = 0; dest < size; dest++)
            left[port.rank]![dest] = port.fill(dest, () => length(next, port.transport.maxSegment)).bytes
        }
        await run.until(() => left.flat().every((bytes) => bytes <= 0), 'full ways block each other')
        await run.complete()
      }))
  }

  test('is not held up by a rank that does not poll', () =>
    trial(binding, 3, async (run) => {
      const { maxSegment } = run.ports[0]!.transport
      for (const port of run.ports.slice(0, 2)) port.fill(2, () => maxSegment, BOUND)
      for (let round = 0; round < 50; round++) {
        await run.send(0, 1, maxSegment, [2])
        await run.send(1, 0, 24, [2])
        for (const port of run.ports.slice(0, 2)) port.send(2, 24)
      }
      await run.until(() => run.ports[0]!.received[1] === 50 && run.ports[1]!.received[0] === 50, 'rank 2 holds up the others', [2])
      await run.complete()
    }))
}
