import { BufferHandoff } from '../../src/transport/shared/buffer-handoff.js'
import { FabricTransport } from '../../src/transport/shared/fabric-transport.js'
import { allocateHost, clearHost, type HostMemory } from '../../src/transport/shared/host-memory.js'
import type { Poller } from '../../src/transport/shared/poller.js'
import type { SegmentReceiver } from '../../src/transport/transport.js'

/** It is polled by hand. */
const poller = { join: () => undefined, leave: () => undefined, hold: () => undefined, release: () => undefined } as unknown as Poller

function transportOf(rank: number, memory: HostMemory, receive: (word: number) => void): FabricTransport {
  const transport = new FabricTransport(rank, 2, memory, poller, new BufferHandoff(() => undefined), true)
  const receiver: SegmentReceiver = {
    segment: (_source, slot) => receive(slot.words[slot.at >> 2]!),
    room: () => false,
    moved: () => undefined,
    gone: () => undefined
  }
  transport.attach(receiver)
  return transport
}

function send(from: FabricTransport, dest: number, word: number): void {
  const slot = from.reserve(dest, 8)!
  slot.words[slot.at >> 2] = word
  from.publish(dest)
}

describe('a fabric that is left while it delivers', () => {
  it('reads and writes nothing of its memory once it has said so, for that may be of others by then', () => {
    const memory = allocateHost(2)
    const next: number[] = []
    const reader = transportOf(1, memory, (word) => next.push(word))
    const heard: number[] = []
    const first = transportOf(0, memory, () => undefined)
    const last = transportOf(1, memory, (word) => {
      heard.push(word)
      last.betweenPolls(() => {
        expect(last.leave(() => true)).toBe(true)
        // All have left, and others get the memory before this thread does anything else.
        clearHost(memory)
        send(
          transportOf(0, memory, () => undefined),
          1,
          5
        )
      })
    })
    for (const word of [1, 2, 3]) send(first, 1, word)
    last.poll()
    last.poll()
    expect(heard).toEqual([1, 2, 3])
    expect(reader.poll()).toBe(true)
    expect(next).toEqual([5])
  })

  it('leaves nothing to those that get its memory after it', () => {
    const memory = allocateHost(2)
    const old = transportOf(1, memory, () => undefined)
    send(
      transportOf(0, memory, () => undefined),
      1,
      1
    )
    expect(old.poll()).toBe(true)
    clearHost(memory)
    const heard: number[] = []
    expect(transportOf(1, memory, (word) => heard.push(word)).poll()).toBe(false)
    expect(heard).toEqual([])
  })

  it('is left at once where it does not deliver, and else when all that deliver are done', () => {
    const memory = allocateHost(2)
    const told: string[] = []
    const sender = transportOf(0, memory, () => undefined)
    const transport = transportOf(1, memory, (word) => {
      transport.betweenPolls(() => told.push(`left ${word}`))
      // As a rank that exits within a subscriber.
      if (word === 1) transport.poll()
      told.push(`delivered ${word}`)
    })
    transport.betweenPolls(() => told.push('left'))
    send(sender, 1, 1)
    send(sender, 1, 2)
    transport.poll()
    expect(told).toEqual(['left', 'delivered 2', 'delivered 1', 'left 1', 'left 2'])
  })
})
