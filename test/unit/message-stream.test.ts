import fc from 'fast-check'
import type { Subscription } from 'rxjs'
import { ANY_SOURCE } from '../../src/constants.js'
import type { Message } from '../../src/request/message.js'
import { Network } from './network.js'

/** Within a segment, of several, and too long to go before its receive. */
const lengths = fc.constantFrom(0, 10, 5000, 70_000)

const event = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), from: fc.integer({ min: 1, max: 2 }), length: lengths, tag: fc.nat(1) }),
  fc.record({ kind: fc.constant('subscribe' as const), to: fc.constantFrom(ANY_SOURCE, 1, 2) }),
  fc.record({ kind: fc.constant('leave' as const), which: fc.nat(7), aborts: fc.boolean() }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const), rank: fc.nat(2) }) }
)
/** What a subscriber does within its k-th `next`. */
const within = fc.array(fc.tuple(fc.nat(12), fc.constantFrom('leave', 'subscribe', 'others leave', 'poll')), { maxLength: 6 })

it('subscribers of messages() share out what a source sends, and nothing overtakes, whoever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), within, (events, planned) => {
      let reactions = planned
      const network = new Network(3, { capacity: 2 })
      const [zero] = network.worlds
      const open = new Map<Subscription, AbortController>()
      const sent = [0, 0, 0]
      const got: number[][] = [[], [], []]
      let emitted = 0
      const subscribe = (source: number): void => {
        if (open.size > 6) return
        let own: Subscription | undefined
        let leaves = false
        const controller = new AbortController()
        const messages = zero!.messages<Uint32Array | { number: number }>({ source, signal: controller.signal })
        const next = ({ data, status }: Message<Uint32Array | { number: number }>): void => {
          got[status.source]!.push('number' in data ? data.number : data[0]!)
          const k = emitted++
          for (const [at, what] of reactions) {
            if (at !== k) continue
            if (what === 'subscribe') subscribe(source)
            else if (what === 'poll') network.wires[0]!.poll()
            else if (what === 'others leave') leave([...open.keys()].filter((one) => one !== own))
            else if (own === undefined) leaves = true
            else leave([own])
          }
        }
        own = messages.subscribe({ next, error: (error) => expect(error.name).toBe('AbortError') })
        open.set(own, controller)
        if (leaves) leave([own])
      }
      const leave = (subscriptions: Iterable<Subscription>, aborts = false): void => {
        for (const subscription of [...subscriptions]) {
          const controller = open.get(subscription)
          open.delete(subscription)
          if (aborts) controller?.abort()
          else subscription.unsubscribe()
        }
      }
      for (const one of events) {
        if (one.kind === 'subscribe') subscribe(one.to)
        else if (one.kind === 'leave') leave([...open.keys()].slice(one.which, one.which + 1), one.aborts)
        else if (one.kind === 'step') network.wires[one.rank]!.step()
        else {
          const number = sent[one.from]!++
          const data = one.length === 10 ? { number } : new Uint32Array(1 + one.length / 4).fill(number)
          network.worlds[one.from]!.isend(data, { dest: 0, tag: one.tag })
        }
      }
      network.settle()
      reactions = []
      subscribe(ANY_SOURCE)
      subscribe(ANY_SOURCE)
      network.settle()
      leave(open.keys())
      for (const source of [1, 2]) expect(got[source]).toEqual(Array.from({ length: sent[source]! }, (_, k) => k))
      expect(network.wires.map(({ held }) => held)).toEqual([0, 0, 0])
    }),
    { numRuns: 2000 }
  )
})
