import { map, take } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import type { Communicator } from '../../src/communicator/communicator.js'
import { memoryWorld } from '../../testing/simulation/memory-world.js'
import { drawn } from './drawn.js'

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0]

function inVirtualTime(test: (helpers: Helpers, ranks: Communicator[]) => void): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected))
  scheduler.run((helpers) => test(helpers, memoryWorld(2, { scheduler, latency: 3 })))
}

const values = { a: 'a', b: 'b', c: 'c', d: 'd', u: undefined }

describe('what the docstrings draw', () => {
  it('isend is done at once, irecv when the message has come', () => {
    const [sent, received] = drawn('src/communicator/point-to-point.ts', 'isend(a)', 'irecv()')
    inVirtualTime(({ expectObservable }, [zero, one]) => {
      expectObservable(one.irecv<string>()).toBe(received, values)
      expectObservable(zero.isend('a', { dest: 1 })).toBe(sent, values)
    })
  })

  it('issend is done when the answer of the receive has come back', () => {
    const [sent, received] = drawn('src/communicator/point-to-point.ts', 'issend(a)', 'irecv()')
    inVirtualTime(({ expectObservable }, [zero, one]) => {
      expectObservable(one.irecv<string>()).toBe(received, values)
      expectObservable(zero.issend('a', { dest: 1 })).toBe(sent, values)
    })
  })

  it('messages() emits each message when it comes, and leaves what is not taken', () => {
    const [sent, all, some] = drawn('src/communicator/point-to-point.ts', 'sent by rank 0', 'messages()', '…pipe(take(2))')
    for (const [marbles, cut] of [
      [all, false],
      [some, true]
    ] as const) {
      inVirtualTime(({ cold, expectObservable, flush }, [zero, one]) => {
        cold(sent).subscribe((letter) => zero.isend(letter, { dest: 1 }))
        const messages = one.messages<string>().pipe(map(({ data }) => data))
        expectObservable(cut ? messages.pipe(take(2)) : messages).toBe(marbles, values)
        flush()
        expect(one.improbe()?.status.tag).toBe(cut ? 0 : undefined)
      })
    }
  })

  it('a request replays to late subscribers', () => {
    const [received, later] = drawn('src/request/request.ts', 'irecv()', 'subscribed at 5 ms')
    inVirtualTime(({ expectObservable }, [zero, one]) => {
      const request = one.irecv<string>()
      zero.isend('a', { dest: 1 })
      expectObservable(request).toBe(received, values)
      expectObservable(request, '-----^').toBe(later, values)
    })
  })
})
