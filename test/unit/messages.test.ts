import fc from 'fast-check'
import { MAX_HEAD, type WebSocketHandler, WebSocketParser, withHead } from '../../src/transport/websocket/framing.js'
import { LEAD, MAX_FRAME, newFrame } from '../../src/transport/websocket/wire.js'

const listen = (): [WebSocketHandler, Buffer[]] => {
  const seen: Buffer[] = []
  return [{ binary: (bytes) => seen.push(Buffer.from(bytes.slice().buffer)), ping: () => undefined, close: () => undefined }, seen]
}

/** A message of so many bytes, as a client or a server sends it. */
function message(length: number, masked: boolean, mask: readonly number[]): [Buffer, Buffer] {
  const frame = newFrame(length)
  for (let k = 0; k < length; k += 97) frame[k] = k
  const plain = Buffer.from(frame)
  const whole = withHead(frame, masked)
  if (masked) {
    whole.set(mask, whole.length - length - 4)
    for (let k = 0; k < length; k++) frame[k]! ^= mask[k & 3]!
  }
  return [Buffer.from(whole), plain]
}

const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(125, 126, 65_535, 65_536, MAX_FRAME))

it('finds messages of any length and mask in a stream that is cut anywhere, wherever its pieces lie', () => {
  expect(MAX_HEAD).toBeLessThanOrEqual(LEAD)
  const mask = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 })
  const piece = fc.tuple(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 400_000 })), fc.boolean())
  fc.assert(
    fc.property(
      fc.array(lengths, { maxLength: 8 }),
      fc.boolean(),
      mask,
      fc.array(piece, { minLength: 1 }),
      fc.nat(40),
      (sizes, masked, key, pieces, early) => {
        const [handler, seen] = listen()
        const messages = sizes.map((length) => message(length, masked, key))
        const stream = Buffer.concat(messages.map(([whole]) => whole))
        const head = stream.subarray(0, early)
        const reader = new WebSocketParser(handler, masked, head)
        // Asked for before the head is taken, as Node does.
        let room = reader.room
        reader.read(room.subarray(0, 0))
        for (let at = head.length, k = 0; at < stream.length; k++) {
          const [count, inPlace] = pieces[k % pieces.length]!
          const bytes = stream.subarray(at, at + Math.min(count, room.length))
          if (inPlace) {
            room.set(bytes)
            reader.read(room.subarray(0, bytes.length))
          } else reader.read(bytes)
          room = reader.room
          at += bytes.length
        }
        expect(seen.length).toBe(messages.length)
        expect(seen.every((bytes, k) => bytes.equals(messages[k]![1]))).toBe(true)
      }
    ),
    { numRuns: 60 }
  )
})
