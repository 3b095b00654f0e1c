import { readFileSync } from 'node:fs'
import { asyncScheduler, delay, map, merge, NEVER, of, Subject, tap, timer } from 'rxjs'
import { type CallSite, captureCallSite } from '../../src/diagnostics/call-site.js'
import { type SimulateHelpers, type SimulateOptions, simulate } from '../../testing/simulate.js'

/** What a call throws. */
function thrownBy(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('it threw nothing')
}

/** What an error says, without columns. */
const lines = ({ message }: Error): string[] => message.replace(/(\.test\.ts:\d+):\d+/g, '$1').split('\n')

const source = readFileSync(__filename, 'utf8').split('\n')

/** `file:line` of the line in this file that ends with a comment. */
const at = (comment: string): string => `test/unit/simulate.test.ts:${source.findIndex((line) => line.endsWith(`// ${comment}`)) + 1}`

describe('simulate', () => {
  it('gives every helper of the test scheduler', () => {
    simulate(1, {}, ({ cold, hot, time, animate, flush, expectObservable, expectSubscriptions }) => {
      const source = cold('a-b|')
      expectObservable(source).toBe('a-b|')
      expectSubscriptions(source.subscriptions).toBe('^--!')
      expectObservable(hot('--a-^-b|')).toBe('--b|')
      expectObservable(of(1).pipe(delay(time('---|')))).toBe('---(a|)', { a: 1 })
      expectObservable(cold('a|')).toEqual(cold('a|'))
      animate('x')
      flush()
    })
  })

  it('counts a frame as a millisecond, for the network and for every scheduler', () => {
    simulate(2, { latency: 3, bytesPerMs: 100 }, ({ comms: [zero, one], expectObservable }) => {
      timer(5, asyncScheduler).subscribe(() => zero!.isend(new Uint8Array(400), { dest: 1 }))
      expectObservable(one!.irecv<Uint8Array>().pipe(map(({ length }) => length))).toBe('12ms (a|)', { a: 400 })
    })
  })

  it('takes a model for each link', () => {
    simulate(3, { latency: 1, link: (_, to) => (to === 2 ? { latency: 5 } : {}) }, ({ comms: [zero, one, two], expectObservable }) => {
      for (const dest of [1, 2]) zero!.isend('a', { dest })
      expectObservable(one!.irecv()).toBe('-(a|)')
      expectObservable(two!.irecv()).toBe('-----(a|)')
    })
  })

  it('runs a program on every rank, and gives what each returns', () => {
    simulate(4, { latency: 1 }, ({ ranks, comms, expectObservable }) => {
      expect(ranks(({ rank, size }) => rank * size)).toEqual([0, 4, 8, 12])
      expect(ranks((comm) => comm)).toEqual(comms)
      const got = ranks((comm) => {
        comm.isend(comm.rank, { dest: (comm.rank + 1) % comm.size })
        return comm.irecv<number>()
      })
      for (const [rank, request] of got.entries()) expectObservable(request).toBe('-(a|)', { a: (rank + 3) % 4 })
    })
  })

  it('returns what the test returns, and throws what it throws', () => {
    expect(simulate(2, {}, () => 7)).toBe(7)
    expect(simulate(2, {}, () => undefined)).toBeUndefined()
    const error = new Error('mine')
    const raise = (): never => {
      throw error
    }
    for (const test of [
      raise,
      () => void timer(3).subscribe(raise),
      () => void of(1).subscribe(raise),
      () => void timer(1).pipe(tap(raise)).subscribe()
    ]) {
      expect(thrownBy(() => simulate(2, {}, test))).toBe(error)
    }
    expect(thrownBy(() => simulate(3, {}, ({ ranks }) => ranks(({ rank }) => rank === 2 && raise())))).toBe(error)
    expect(thrownBy(() => simulate(3, {}, ({ ranks }) => void ranks(() => of(1).pipe(map(raise)))))).toBe(error)
  })

  it('throws the failure of a request that nobody looks at, and no other', () => {
    expect(() => simulate(2, {}, ({ comms }) => void comms[1]!.isend('x', { dest: 9 }))).toThrow('dest: 9 is no rank')
    expect(() =>
      simulate(2, { latency: 1 }, ({ comms: [zero, one] }) => {
        zero!.irecv({ into: new Float64Array(1) })
        one!.isend(new Float64Array(2), { dest: 0 })
      })
    ).toThrow(expect.objectContaining({ name: 'TruncationError' }))
    simulate(2, { latency: 1 }, ({ comms: [zero, one], expectObservable }) => {
      const request = zero!.irecv({ into: new Float64Array(1) })
      one!.isend(new Float64Array(2), { dest: 0 })
      expectObservable(request, '---^').toBe('---#', undefined, expect.objectContaining({ name: 'TruncationError' }))
    })
    const error = thrownBy(() =>
      simulate(2, {}, ({ comms: [zero, one], expectObservable }) => {
        zero!.isend('x', { dest: 9 })
        expectObservable(one!.irecv()).toBe('(a|)')
      })
    )
    expect(error.message).toMatch(/not as expected[\s\S]*when nothing was left to happen:\n {2}RankError: dest: 9 is no rank/)
  })

  it('can be run again after a failure, and within jest beside others', () => {
    expect(() => simulate(1, {}, ({ expectObservable }) => expectObservable(of(1)).toBe('--'))).toThrow()
    simulate(1, {}, ({ expectObservable }) => expectObservable(timer(2)).toBe('--(a|)', { a: 0 }))
  })

  describe('runs the pipelines that ranks return', () => {
    it('though the test looks at one of them only', () => {
      simulate(3, { latency: 2 }, ({ ranks, cold, expectObservable }) => {
        const got = ranks((comm) =>
          comm.rank === 0
            ? comm.messages<string>().pipe(map(({ data }) => data))
            : cold('a-----b|').pipe(tap((data) => comm.isend(`${data}${comm.rank}`, { dest: 0 })))
        )
        expectObservable(got[0]!).toBe('--(ab)--(cd)', { a: 'a1', b: 'a2', c: 'b1', d: 'b2' })
      })
    })

    it('once, when the test subscribes to them too, however it does', () => {
      for (const look of ['directly', 'later', 'through operators', 'by itself', 'not at all'] as const) {
        let subscriptions = 0
        simulate(1, {}, ({ ranks, hot, expectObservable }) => {
          const [plain] = ranks(() => of(1).pipe(tap({ subscribe: () => subscriptions++ })))
          ranks(() => hot('a').pipe(tap({ subscribe: () => subscriptions++ })))
          if (look === 'directly') expectObservable(plain!).toBe('(a|)', { a: 1 })
          if (look === 'later') expectObservable(plain!, '--^').toBe('--(a|)', { a: 1 })
          if (look === 'through operators') expectObservable(merge(plain!, NEVER)).toBe('a', { a: 1 })
          if (look === 'by itself') plain!.subscribe()
        })
        expect([look, subscriptions]).toEqual([look, 2])
      }
    })

    it('and leaves subjects and requests alone', () => {
      simulate(2, {}, ({ ranks }) => {
        const [subject] = ranks(() => new Subject<number>())
        expect(subject!.observed).toBe(false)
        const requests = ranks((comm) => comm.isend('a', { dest: comm.rank }))
        expect(requests[0]!.wait).toBeInstanceOf(Function)
        for (const [received] of ranks((comm) => [comm.irecv()])) received!.subscribe()
      })
    })
  })

  describe('expectMessages', () => {
    it('shows what crossed a link, when it had arrived', () => {
      simulate(3, { latency: 2 }, ({ comms: [zero, one, two], cold, expectMessages }) => {
        cold('a--b').subscribe((data) => zero!.isend(data, { dest: 1 }))
        two!.isend({ x: 1 }, { dest: 1, tag: 4 })
        one!.messages().subscribe()
        expectMessages(0, 1).toBe('--a--b')
        expectMessages(2, 1).toBe('--a', { a: { x: 1 } })
        expectMessages(1, 0).toBe('')
        expectMessages(0, 1).toBe('--a--b')
      })
    })

    it('shows what arrives at once', () => {
      simulate(2, {}, ({ comms: [zero, one], expectMessages }) => {
        zero!.isend(1, { dest: 1 })
        zero!.isend(2, { dest: 1 })
        one!.messages().subscribe()
        expectMessages(0, 1).toBe('(ab)', { a: 1, b: 2 })
      })
    })

    it('shows a large message once, with its last byte, and no answers or credit', () => {
      const array = Float64Array.from({ length: 50_000 }, (_, k) => k)
      simulate(2, { latency: 2, bytesPerMs: 100_000 }, ({ comms: [zero, one], expectMessages }) => {
        zero!.isend(array, { dest: 1 })
        one!.irecv().subscribe()
        // Its envelope there, the answer back, the data.
        expectMessages(0, 1).toBe('10ms a', { a: array })
        expectMessages(1, 0).toBe('')
      })
    })

    it('shows what changes its owner', () => {
      simulate(2, { latency: 2 }, ({ comms: [zero, one], expectMessages }) => {
        zero!.isend(new Uint8Array(100_000).fill(3), { dest: 1, transfer: true })
        one!.irecv<Uint8Array>().subscribe((data) => data.fill(4))
        expectMessages(0, 1).toBe('6ms a', { a: new Uint8Array(100_000).fill(3) })
      })
    })

    it('says what differs', () => {
      const error = thrownBy(() =>
        simulate(2, { latency: 2 }, ({ comms: [zero, one], expectMessages }) => {
          zero!.isend('b', { dest: 1 })
          one!.irecv().subscribe()
          expectMessages(0, 1).toBe('--a') // the messages
        })
      )
      expect(lines(error).join('\n')).toBe(
        [
          `expectMessages(0, 1) at ${at('the messages')}: not as expected`,
          '  expected  --a',
          '  actual    --b',
          "  first difference: expected 'a' at 2 ms, got 'b' at 2 ms"
        ].join('\n')
      )
    })

    it('needs ranks', () => {
      expect(() => simulate(2, {}, ({ expectMessages }) => expectMessages(0, 2))).toThrow('to: expected a rank from 0 to 1, got 2')
    })
  })

  it('counts what has arrived', () => {
    simulate(3, { latency: 1 }, ({ comms, ranks, traffic, flush }) => {
      ranks((comm) => comm.messages().subscribe())
      comms[0]!.isend(new Uint8Array(100), { dest: 1 })
      comms[0]!.isend(new Uint8Array(10), { dest: 2 })
      comms[2]!.isend(new Uint8Array(300_000), { dest: 1 })
      expect(traffic()).toEqual({ messages: 0, bytes: 0 })
      flush()
      expect(traffic()).toEqual({ messages: 3, bytes: 300_110 })
      expect(traffic(0)).toEqual({ messages: 2, bytes: 110 })
      expect(traffic(undefined, 1)).toEqual({ messages: 2, bytes: 300_100 })
      expect(traffic(2, 0)).toEqual({ messages: 0, bytes: 0 })
    })
  })

  it('ends a rank', () => {
    simulate(2, { latency: 2 }, ({ comms: [zero], end, expectObservable }) => {
      timer(3).subscribe(() => end(1, 'has failed'))
      expectObservable(zero!.irecv({ source: 1 })).toBe('-----#', undefined, expect.objectContaining({ name: 'RankFailedError' }))
    })
  })
})

describe('what a simulated test says when it fails', () => {
  it('draws what was expected and what came, with the line and the first difference', () => {
    const error = thrownBy(() =>
      simulate(1, {}, ({ cold, expectObservable }) => {
        expectObservable(cold('a--(b|)')).toBe('a--b-|') // the drawing
      })
    )
    expect(lines(error).join('\n')).toBe(
      [
        `expectObservable at ${at('the drawing')}: not as expected`,
        '  expected  a--b-|',
        '  actual    a--(b|)',
        '  first difference: expected the end at 5 ms, got the end at 3 ms'
      ].join('\n')
    )
    expect(error.stack).toContain(at('the drawing'))
    expect(error).toMatchObject({ actual: expect.any(Array), expected: expect.any(Array) })
  })

  it('tells values by letters, and where two large ones differ', () => {
    const [one, other] = [3, 4].map((x) => ({ rows: [{ x: 1 }, { x }], name: 'n' }))
    const error = thrownBy(() =>
      simulate(1, {}, ({ cold, expectObservable }) => expectObservable(cold('30ms a', { a: one })).toBe('30ms b', { b: other }))
    )
    expect(lines(error).slice(1)).toEqual([
      '  expected  30ms a',
      '  actual    30ms b',
      "  where     a = { rows: [ { x: 1 }, { x: 4 } ], name: 'n' }",
      "            b = { rows: [ { x: 1 }, { x: 3 } ], name: 'n' }",
      "  first difference: expected { rows: [ { x: 1 }, { x: 4 } ], name: 'n' } at 30 ms, got { rows: [ { x: 1 }, { x: 3 } ], name: 'n' } at 30 ms (differs in .rows[1].x: expected 4, got 3)"
    ])
  })

  it.each([
    ['a-b', 'a', "first difference: expected nothing, got 'b' at 2 ms"],
    ['-', 'a', "first difference: expected 'a' at 0 ms, got nothing"],
    ['#', '|', "first difference: expected the end at 0 ms, got the error 'error' at 0 ms"]
  ])('says of %s instead of %s what is first', (actual, expected, text) => {
    const error = thrownBy(() => simulate(1, {}, ({ cold, expectObservable }) => expectObservable(cold(actual)).toBe(expected)))
    expect(error.message).toContain(text)
  })

  it('lists what marbles cannot draw', () => {
    const error = thrownBy(() => simulate(1, {}, ({ expectObservable }) => expectObservable(timer(0.5)).toBe('a')))
    expect(error.message).toMatch(/not as expected\n {2}first difference: expected 'a' at 0 ms, got 0 at 0.5 ms$/)
  })

  it('draws subscriptions', () => {
    const error = thrownBy(() =>
      simulate(1, {}, ({ cold, expectObservable, expectSubscriptions }) => {
        const source = cold('a|')
        expectObservable(source, '--^').toBe('--a|')
        expectSubscriptions(source.subscriptions).toBe(['^-!', '^'])
      })
    )
    expect(error.message).toMatch(/^expectSubscriptions at .*\n {2}expected {2}\^-!\n {12}\^\n {2}actual {4}--\^!$/)
  })

  it('takes the matchers of the test framework', () => {
    simulate(1, {}, ({ expectObservable }) => expectObservable(of(5)).toBe('(a|)', { a: expect.any(Number) }))
    expect(() => simulate(1, {}, ({ expectObservable }) => expectObservable(of(5)).toBe('(a|)', { a: expect.any(String) }))).toThrow(
      'got 5 at 0 ms'
    )
  })

  it('takes an assertion', () => {
    const seen: unknown[][] = []
    simulate(1, { assert: (...both) => seen.push(both) }, ({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a')
      expectObservable(source).toBe('a')
      expectSubscriptions(source.subscriptions).toBe('^')
    })
    expect(seen).toMatchObject([
      [[{ frame: 1 }], [{ frame: 0 }]],
      [[{ subscribedFrame: 0 }], [{ subscribedFrame: 0 }]]
    ])
    const assert = (actual: unknown, expected: unknown): void => expect(actual).toEqual(expected)
    const error = thrownBy(() => simulate(2, { assert }, ({ comms, expectObservable }) => expectObservable(comms[0]!.irecv()).toBe('a')))
    expect(error.message).toMatch(
      /^expectObservable at .*simulate\.test\.ts:\d+:\d+: [\s\S]*"frame": 0[\s\S]*rank 0 waits in recv for any rank/
    )
  })

  it('says who waits for what', () => {
    const error = thrownBy(() =>
      simulate(2, { latency: 1 }, ({ comms: [zero, one], expectObservable }) => {
        expectObservable(zero!.irecv({ source: 1, tag: 3 })).toBe('-(a|)') // tag 3
        expectObservable(one!.messages({ source: 0 })).toBe('') // the stream
        one!.isend('a', { dest: 0, tag: 4 }) // tag 4
      })
    )
    expect(lines(error).join('\n')).toContain(
      [
        'when nothing was left to happen:',
        `  rank 0 waits in recv for rank 1, tag 3, at ${at('tag 3')}`,
        `  rank 1 waits in messages() for rank 0, any tag, at ${at('the stream')}`,
        `  rank 0 never received 'a' from rank 1, tag 4, sent at ${at('tag 4')}`
      ].join('\n')
    )
  })
})

describe('what a simulated test leaves behind', () => {
  it('is a deadlock where calls wait for ever', () => {
    const error = thrownBy(() =>
      simulate(3, { latency: 1 }, ({ ranks, comms }) => {
        ranks((comm) => comm.irecv({ source: (comm.rank + 1) % comm.size, tag: 7 })) // the ring
        comms[0]!.issend('a', { dest: 1 }) // issend
        comms[2]!.isend(new Uint8Array(100_000), { dest: 1 }) // isend
        void comms[1]!.probe({ source: 0, tag: 9 }) // probe
      })
    )
    expect(error).toMatchObject({ name: 'DeadlockError', code: 'ERR_DEADLOCK' })
    expect(lines(error)).toEqual([
      'deadlock: nothing is under way any more, so nothing can ever happen again',
      `  rank 0 waits in recv for rank 1, tag 7, at ${at('the ring')}`,
      `  rank 0 waits in ssend for rank 1 to receive, tag 0, at ${at('issend')}`,
      `  rank 1 waits in recv for rank 2, tag 7, at ${at('the ring')}`,
      `  rank 1 waits in probe for rank 0, tag 9, at ${at('probe')}`,
      `  rank 2 waits in recv for rank 0, tag 7, at ${at('the ring')}`,
      `  rank 2 waits in send for rank 1 to receive, tag 0, at ${at('isend')}`,
      ''
    ])
    expect(error.stack).toContain(at('the ring'))
  })

  it('is a leak where nobody has received a message', () => {
    const error = thrownBy(() =>
      simulate(2, { latency: 1 }, ({ comms: [zero, one] }) => {
        one!.isend({ x: 1 }, { dest: 0, tag: 4 }) // the object
        zero!.isend(new Float64Array(1000), { dest: 0 }) // the array
      })
    )
    expect(error.name).toBe('LeakError')
    expect(lines(error)).toEqual([
      'the test has ended and has left something behind',
      `  rank 0 never received Float64Array(1000) [ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ... 988 more items ] from rank 0, tag 0, sent at ${at('the array')}`,
      `  rank 0 never received { x: 1 } from rank 1, tag 4, sent at ${at('the object')}`,
      ''
    ])
  })

  it('is a leak where a communicator was not freed', () => {
    let site: CallSite | undefined
    const error = thrownBy(() =>
      simulate(2, {}, ({ comms }) => {
        site = captureCallSite() // dup
        comms[1]!.core.endpoint.unfreed.add({ name: 'world.dup(1)', site })
      })
    )
    expect(lines(error).join('\n')).toContain(`rank 1 never freed communicator 'world.dup(1)', at ${at('dup')}`)
  })

  it('shows the first twenty', () => {
    const error = thrownBy(() => simulate(2, {}, ({ comms }) => Array.from({ length: 25 }, () => comms[0]!.irecv())))
    expect(error.message.match(/waits in recv/g)).toHaveLength(20)
    expect(error.message).toContain('… and 5 more')
  })

  it('does not count streams of messages that are still open', () => {
    simulate(3, { latency: 1 }, ({ comms, ranks, expectObservable }) => {
      expectObservable(comms[0]!.messages()).toBe('')
      ranks((comm) => comm.messages())
      comms[2]!.messages().subscribe()
    })
  })

  it('does not count what unsubscribing at the end sets going', () => {
    const left: string[] = []
    simulate(2, { latency: 1 }, ({ comms: [zero, one], expectObservable }) => {
      one!.irecv<string>().subscribe((data) => left.push(data))
      expectObservable(merge(NEVER).pipe(tap({ unsubscribe: () => zero!.isend('bye', { dest: 1 }) }))).toBe('')
    })
    expect(left).toEqual(['bye'])
  })

  it('does not count what a rank waits for that has ended', () => {
    simulate(2, {}, ({ comms, end }) => {
      comms[1]!.irecv()
      end(1)
    })
  })

  it("is nobody's business with leaks: ignore", () => {
    simulate(2, { leaks: 'ignore' }, ({ comms }) => {
      comms[0]!.irecv()
      comms[0]!.isend(1, { dest: 1 })
    })
  })
})

describe('simulate refuses', () => {
  it.each([
    ['size', 0, {}, () => undefined],
    ['size', 2.5, {}, () => undefined],
    ['options', 2, undefined, () => undefined],
    ['latency', 2, { latency: -1 }, () => undefined],
    ['bytesPerMs', 2, { bytesPerMs: 0 }, () => undefined],
    ['capacity', 2, { capacity: 1 }, () => undefined],
    ['hosts', 2, { hosts: [0] }, () => undefined],
    ['hosts', 2, { hosts: [0, 'a'] }, () => undefined],
    ['seed', 2, { seed: 0.5 }, () => undefined],
    ['jitter', 2, { jitter: -1 }, () => undefined],
    ['jitter', 2, { jitter: 0.5 }, () => undefined],
    ['leaks', 2, { leaks: 'maybe' }, () => undefined],
    ['assert', 2, { assert: 1 }, () => undefined],
    ['test', 2, {}, undefined],
    ['test', 2, {}, async () => undefined],
    ['program', 2, {}, ({ ranks }: SimulateHelpers) => void ranks((comm) => comm.send(1, { dest: comm.rank }))]
  ])('a bad %s: %p, %p', (name, size, options, test) => {
    const error = thrownBy(() => simulate(size, options as SimulateOptions, test as () => unknown))
    expect(error).toMatchObject({ name: 'ArgumentError', message: expect.stringMatching(new RegExp(`^${name}: `)) })
  })
})
