import { type MonoTypeOperatorFunction, Observable, Subject } from 'rxjs'
import type { Memory } from '../../memory/copy.js'
import type { Links, Unit } from '../steps.js'
import type { Branch } from '../topology/hosts.js'
import { type BcastUnit, PIECE_BYTES } from './bcast-unit.js'

/** A run of a large buffer on its way. */
interface Piece extends Unit {
  readonly packet: BcastUnit
  readonly memory: Memory
}

/**
 * Lets the large buffers that have been announced follow, in pieces: each is received, or is there already at the root, and is sent on
 * while the next comes. A packet is pending until all its pieces have gone through.
 */
export function segments(links: Links, { parent, children }: Branch): MonoTypeOperatorFunction<BcastUnit> {
  return (packets) =>
    new Observable((subscriber) => {
      let flow: Subject<Piece> | undefined
      const start = (): Subject<Piece> => {
        const subject = new Subject<Piece>()
        const receive = links.step<Piece>({ from: parent, place: ({ memory }, message) => message.redirect(memory) })
        const send = links.toAll<Piece>(children, ({ packet, memory }, to) => links.send(packet, to, packet.datatype, memory, 0, true))
        subscriber.add(links.beside(subject.pipe(receive, send), ({ packet }) => packet))
        return subject
      }
      return packets.subscribe({
        next(packet) {
          if (packet.large === undefined) return subscriber.next(packet)
          const cut = cutUp(packet, packet.large)
          packet.pending += cut.length
          subscriber.next(packet)
          flow ??= start()
          for (const piece of cut) flow.next(piece)
        },
        error: (error) => subscriber.error(error)
      })
    })
}

function cutUp(packet: BcastUnit, { buffer, byteOffset, byteLength }: Memory): Piece[] {
  const cut: Piece[] = []
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    const memory = new Uint8Array(buffer, byteOffset + at, Math.min(PIECE_BYTES, byteLength - at))
    cut.push({ pending: 0, packet, memory })
  }
  return cut
}
