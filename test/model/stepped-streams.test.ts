import fc from 'fast-check'
import { Observable } from 'rxjs'
import { pull, receiveFrom, StreamStatus, sendTo } from '../../operators/index.js'
import { FreedError, RankFailedError } from '../../src/errors.js'
import { FIRST_VALUES } from '../../src/stream/control-messages.js'
import { Gate, under } from '../../src/stream/demand.js'
import { Network } from '../unit/network.js'

/** Numbers, objects and arrays of all the ways to travel: in one segment, in several, after their receive. */
const value = fc.oneof(
  fc.double(),
  fc.string(),
  fc.record({ a: fc.integer(), b: fc.array(fc.boolean(), { maxLength: 3 }) }),
  fc.constantFrom(0, 1, 1000, 5000, 40_000).map((length) => new Uint8Array(length).fill(length & 0xff))
)

describe('streams over a network that moves when it is told to', () => {
  it('deliver every value once and in order, whatever happens when, and keep to their windows', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom('step 0', 'step 1', 'subscribe', 'consume', 'consume'), { maxLength: 200 }),
        fc.boolean(),
        (values, prefetch, capacity, events, pulled) => {
          const network = new Network(2, { capacity })
          const [zero, one] = network.worlds
          const got: unknown[] = []
          const status = new StreamStatus()
          let done = false
          let allowed = 0
          const gate = new Gate(() => allowed > 0)
          const received = receiveFrom(one!, { source: 0, prefetch })
          let subscribed = false
          const subscribe = (): void => {
            if (subscribed) return
            subscribed = true
            under(gate, () =>
              received.subscribe({
                next: (item) => {
                  allowed--
                  got.push(item)
                },
                complete: () => {
                  done = true
                }
              })
            )
          }
          const consume = (count: number): void => {
            allowed += count
            gate.notify()
          }
          let taken = 0
          function* source(): Generator<unknown> {
            for (const item of values) {
              taken++
              yield item
            }
          }
          const pushed = new Observable<unknown>((subscriber) => {
            for (const item of source()) subscriber.next(item)
            subscriber.complete()
          })
          ;(pulled ? pull(source()) : pushed).pipe(sendTo(zero!, { dest: 1, status })).subscribe()
          for (const event of events) {
            if (event === 'subscribe') subscribe()
            else if (event === 'consume') consume(1)
            else network.wires[event === 'step 0' ? 0 : 1]!.step()
            if (pulled) {
              expect(taken - got.length).toBeLessThanOrEqual(Math.max(FIRST_VALUES, prefetch) + 1)
              expect(status.buffered).toBe(0)
            }
          }
          subscribe()
          consume(values.length)
          network.settle()
          expect(got).toEqual(values)
          expect(done).toBe(true)
          expect(status.sent).toBe(values.length)
          expect(network.wires.map(({ held }) => held)).toEqual([0, 0])
        }
      ),
      { numRuns: 150 }
    )
  })

  it('forget what is over: nothing is kept of a hundred streams', () => {
    const network = new Network(2)
    const [zero, one] = network.worlds
    let completed = 0
    for (let k = 0; k < 100; k++) {
      pull([k])
        .pipe(sendTo(zero!, { dest: 1 }))
        .subscribe()
      receiveFrom(one!, { source: 0 }).subscribe({ complete: () => completed++ })
      network.settle()
    }
    expect(completed).toBe(100)
    for (const world of network.worlds) expect(world.channels.open).toBe(0)
  })

  it('are forgotten by both ends when they are cancelled, early or late', () => {
    const network = new Network(2)
    const [zero, one] = network.worlds
    const never = new Observable<number>((subscriber) => subscriber.next(1))
    receiveFrom(one!, { source: 0 }).subscribe().unsubscribe()
    network.settle()
    never.pipe(sendTo(zero!, { dest: 1 })).subscribe()
    network.settle()
    never.pipe(sendTo(zero!, { dest: 1 })).subscribe()
    const late = receiveFrom(one!, { source: 0 }).subscribe()
    network.settle()
    late.unsubscribe()
    network.settle()
    for (const world of network.worlds) expect(world.channels.open).toBe(0)
    expect(network.wires.map(({ held }) => held)).toEqual([0, 0])
  })

  it('hear of the end of their peer in every state', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(12), fc.boolean(), (steps, later, reads) => {
        const network = new Network(2, { capacity: 2 })
        const [zero, one] = network.worlds
        const got: unknown[] = []
        let error: unknown
        const failed = { error: (problem: unknown) => (error = problem) }
        const large = Array.from({ length: 5 }, () => new Uint8Array(30_000))
        if (reads) {
          pull(large)
            .pipe(sendTo(zero!, { dest: 1 }))
            .subscribe()
          receiveFrom(one!, { source: 0 }).subscribe({ ...failed, next: (item) => got.push(item), complete: () => (error = 'complete') })
        } else {
          const endless = new Observable<Uint8Array>((subscriber) => {
            for (const array of large) subscriber.next(array)
          })
          endless.pipe(sendTo(one!, { dest: 0 })).subscribe(failed)
          receiveFrom(zero!, { source: 1 }).subscribe()
        }
        for (let k = 0; k < steps; k++) network.wires[k % 2]!.step()
        for (let k = 0; k < later; k++) network.wires[1]!.step()
        network.wires[1]!.receiver.gone(0, 'has ended')
        if (error !== 'complete') expect(error).toBeInstanceOf(RankFailedError)
        expect(network.wires[1]!.held).toBe(0)
      })
    )
  })

  it('fail on both ranks when the communicator is freed on one', () => {
    for (const freeing of [0, 1]) {
      const network = new Network(2)
      const comms = network.communicators(8, 'own')
      const [zero, one] = comms
      const got: unknown[] = []
      let subscribed = 0
      const source = new Observable<number>((subscriber) => {
        subscribed++
        subscriber.next(1)
        return () => subscribed--
      })
      source
        .pipe(sendTo(zero!, { dest: 1 }))
        .subscribe({ error: (error) => got.push(`writer: ${error.name}`), complete: () => got.push('writer: complete') })
      receiveFrom(one!, { source: 0 }).subscribe({ error: (error) => got.push(`reader: ${error.name}`) })
      network.settle()
      comms[freeing]!.core.release()
      network.settle()
      expect(got.sort()).toEqual(freeing === 0 ? ['reader: RemoteError', 'writer: FreedError'] : ['reader: FreedError', 'writer: complete'])
      expect(subscribed).toBe(0)
      expect(() => sendTo(comms[freeing]!, { dest: 1 })).toThrow(FreedError)
      expect(() => comms[freeing]!.channel({ peer: 1 })).toThrow(FreedError)
    }
  })
})
