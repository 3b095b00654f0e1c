import fc from 'fast-check'
import { ReliableLink } from '../../src/transport/websocket/reliable-link.js'
import { HEADER } from '../../src/transport/websocket/wire.js'

/** Two ends and the frames under way between them. A connection that breaks loses the last of them, as TCP does. */
class Cable {
  readonly ends: [ReliableLink, ReliableLink]
  readonly got: [number[], number[]] = [[], []]
  readonly sent: [number, number] = [0, 0]
  #flying: [Uint8Array[], Uint8Array[]] = [[], []]

  constructor(most: number) {
    this.ends = [new ReliableLink(most), new ReliableLink(most)]
  }

  /** Numbers a frame, if there is room. */
  send(from: 0 | 1, bytes: number): void {
    if (!this.ends[from].room) return
    const frame = new Uint8Array(HEADER + 8 + bytes)
    new DataView(frame.buffer).setUint32(HEADER, this.sent[from]++, true)
    this.ends[from].number(frame)
  }

  /** Writes up to `count` frames to the connection. */
  write(from: 0 | 1, count: number): void {
    for (let k = 0; k < count; k++) {
      const frame = this.ends[from].write()
      if (frame === undefined) return
      this.#flying[from].push(frame.slice())
    }
  }

  acknowledge(from: 0 | 1): void {
    this.#flying[from].push(this.ends[from].acknowledgement())
  }

  /** The first frames under way arrive, each `times` times. */
  arrive(from: 0 | 1, count: number, times: number): void {
    const to = from === 0 ? 1 : 0
    for (const frame of this.#flying[from].splice(0, count)) {
      for (let k = 0; k < times; k++) {
        if (this.ends[to].accept(frame)) this.got[to].push(new DataView(frame.buffer, frame.byteOffset).getUint32(HEADER, true))
      }
    }
  }

  reconnect(): void {
    this.#flying = [[], []]
    const [a, b] = this.ends
    const [first, second] = [a.received, b.received]
    a.resume(second)
    b.resume(first)
  }

  /** Lets everything come that is still to come. */
  finish(): void {
    while (this.ends.some(({ unacknowledged }) => unacknowledged > 0)) {
      for (const from of [0, 1] as const) {
        this.write(from, Number.POSITIVE_INFINITY)
        this.acknowledge(from)
        this.arrive(from, Number.POSITIVE_INFINITY, 1)
      }
    }
  }
}

const side = fc.constantFrom<0 | 1>(0, 1)
const count = fc.integer({ min: 1, max: 20 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), side, count: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), side, count }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), side, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), side, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), side, count }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const), side, count }) }
)

describe('a reliable link', () => {
  it('loses, repeats and reorders nothing, whatever connections lose, and keeps no more than its bound', () => {
    const most = 2000
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const cable = new Cable(most)
        for (const { do: what, side: from, count: many } of steps) {
          if (what === 'send') cable.send(from, many)
          else if (what === 'write') cable.write(from, many)
          else if (what === 'arrive') cable.arrive(from, many, 1)
          else if (what === 'repeat') cable.arrive(from, many, 2)
          else if (what === 'acknowledge') cable.acknowledge(from)
          else cable.reconnect()
          for (const end of cable.ends) expect(end.unacknowledged).toBeLessThan(most + HEADER + 8 + 300 + 1)
        }
        cable.finish()
        for (const to of [0, 1] as const) expect(cable.got[to]).toEqual(Array.from({ length: cable.sent[to === 0 ? 1 : 0] }, (_, k) => k))
      }),
      { numRuns: 300 }
    )
  })

  it('refuses a frame that leaves a gap, and what is no frame', () => {
    const [a, b] = [new ReliableLink(1000), new ReliableLink(1000)]
    for (let k = 0; k < 2; k++) a.number(new Uint8Array(HEADER))
    a.write()
    const second = a.write()!
    expect(() => b.accept(second)).toThrow('frame 2 came after frame 0')
    expect(() => b.accept(new Uint8Array(HEADER - 1))).toThrow('expected at least')
    expect(() => b.accept(new Uint8Array(HEADER).fill(7))).toThrow('unknown kind')
  })

  it('refuses an end that has lost its state, or acknowledges what was never sent', () => {
    const [a, b] = [new ReliableLink(1000), new ReliableLink(1000)]
    a.number(new Uint8Array(HEADER))
    b.accept(a.write()!)
    a.accept(b.acknowledgement())
    expect(() => a.resume(0)).toThrow('lost its state')
    expect(() => a.resume(2)).toThrow('frame 2 was acknowledged and 1 were sent')
    expect(() => a.resume(Number.NaN)).toThrow('were sent')
  })

  it('does not throw anything but its own errors at bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, valid) => {
        const link = new ReliableLink(1000)
        if (valid && bytes.length > 0) bytes[0] = 1 + (bytes[0]! & 1)
        try {
          link.accept(bytes)
        } catch (error) {
          expect((error as Error).name).toBe('ProtocolError')
        }
      }),
      { numRuns: 2000 }
    )
  })
})
