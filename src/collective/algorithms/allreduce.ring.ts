import type { MonoTypeOperatorFunction } from 'rxjs'
import type { Links } from '../steps.js'
import { through } from '../through.js'
import { ring } from '../topology/ring.js'
import type { Accumulator } from './accumulator.js'

/**
 * Each of p blocks goes round the ring and is combined with every rank's on its way, then goes round once more as it is. Every block begins
 * with another rank, so the op must be commutative; every element is combined on one way only, so all get the same bits.
 *
 * Steps: 2 (p - 1). Bytes: a rank sends 2 n (p - 1) ⁄ p, to its neighbour only, and combines half of that. Source: Patarasuk, Yuan, JPDC
 * 69(2), 2009.
 */
export function ringAllreduce(links: Links): MonoTypeOperatorFunction<Accumulator> {
  const { rank, size } = links.comm
  const { left, right } = ring(rank, size)
  const start = (block: number, { length }: Accumulator): number => Math.floor((length * block) / size)
  const blockOf = (turn: number): number => (rank - turn + 2 * size) % size
  const shape = (partial: Accumulator): number => partial.shape
  const turns = Array.from({ length: 2 * (size - 1) }, (_, turn) => turn)
  return through(
    turns.map((turn) => {
      const [given, taken] = [blockOf(turn), blockOf(turn + 1)]
      const send = (partial: Accumulator): void => {
        const [first, end] = [start(given, partial), start(given + 1, partial)]
        if (turn === 0) partial.sendRun(links, right, first, end)
        else partial.sendCombined(links, right, first, end)
      }
      if (turn < size - 1) {
        return links.step<Accumulator>({
          from: left,
          send,
          shape,
          place: (partial, message) => partial.pourInto(message, true, start(taken, partial))
        })
      }
      return links.step<Accumulator>({
        from: left,
        send,
        shape,
        place: (partial, message) => partial.land(message, start(taken, partial)),
        take: (partial, message) => partial.replace(message)
      })
    })
  )
}
