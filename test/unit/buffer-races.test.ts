import type { Halo } from '../../src/collective/halo/halo.js'
import { AliasError } from '../../src/errors.js'
import { vector, view } from '../../src/layout/index.js'
import { SUM } from '../../src/op/op.js'
import type { Request } from '../../src/request/request.js'
import { simulate } from '../../testing/index.js'

/** Longer than what is on its way at once: its data waits for the receive. */
const LONG = 2 ** 15

const LINE = String.raw`test/unit/buffer-races\.test\.ts:\d+:\d+`

/** What a request has failed with; undefined where it has not. */
function errorOf(request: Request<unknown>): Error | undefined {
  let error: Error | undefined
  request.subscribe({ error: (failure: Error) => (error = failure) })
  return error
}

function expectChanged(request: Request<unknown>, operation: string, name = 'data: it was changed'): void {
  const error = errorOf(request)
  expect(error).toBeInstanceOf(AliasError)
  expect(error!.message).toMatch(new RegExp(`^${name}.* while this ${operation} was under way, called at ${LINE}; await that before`))
}

describe('what a call reads is changed while it is under way', () => {
  it('isend', () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const data = new Float64Array(LONG)
      const sent = zero!.isend(data, { dest: 1 })
      data[LONG - 1] = 1
      const received = one!.irecv()
      flush()
      expect(received.value).toBeDefined()
      expectChanged(sent, 'send')
    })
  })

  it('issend, though its data has gone', () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const data = Float64Array.of(1)
      const sent = zero!.issend(data, { dest: 1 })
      data[0] = 2
      const received = one!.irecv<Float64Array>()
      flush()
      expect(received.value).toEqual(Float64Array.of(1))
      expectChanged(sent, 'send')
    })
  })

  it('isend of a view, but not of what lies between its pieces', () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const memory = new Float64Array(2 * LONG)
      const column = (): Request<void> => zero!.isend(view(memory, vector(LONG, 1, 2)), { dest: 1 })
      const whole = column()
      memory[1] = 7
      const received = [one!.irecv(), one!.irecv()]
      flush()
      expect(errorOf(whole)).toBeUndefined()
      const torn = column()
      memory[2] = 7
      flush()
      expectChanged(torn, 'send')
      expect(received.every((one) => one.test())).toBe(true)
    })
  })

  it('a start of a persistent send', () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const data = new Float64Array(LONG)
      using again = zero!.sendInit(data, { dest: 1 })
      for (const isChanged of [false, true, false]) {
        data.fill(2)
        const started = again.start()
        if (isChanged) data[0] = 3
        const received = one!.irecv()
        flush()
        expect(received.test()).toBe(true)
        if (isChanged) expectChanged(started, 'send')
        else expect(errorOf(started)).toBeUndefined()
      }
    })
  })

  it("a partition that is ready; the others are the program's still", () => {
    simulate(2, {}, ({ comms: [zero, one], flush }) => {
      const data = new Float64Array(8)
      using out = zero!.psendInit(data, { dest: 1, partitions: 4 })
      using inn = one!.precvInit({ source: 0, into: new Float64Array(8), partitions: 4 })
      for (const isChanged of [false, true]) {
        const sent = out.start()
        inn.start()
        out.ready([0, 1])
        data.fill(7, 4)
        if (isChanged) data[0]!++
        out.ready([2, 3])
        flush()
        if (isChanged) expectChanged(sent, 'psend')
        else expect(errorOf(sent)).toBeUndefined()
      }
    })
  })

  it.each(['iallreduce', 'iallgather', 'ialltoall', 'ireduceScatter', 'iscan'] as const)('%s', (name) => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      for (const isChanged of [false, true]) {
        const data = comms.map(() => new Float64Array(8))
        const called = comms.map((comm, k) => (comm[name] as (data: Float64Array) => Request<unknown>)(data[k]!))
        if (isChanged) data[1]![3] = 5
        flush()
        expect(errorOf(called[0]!)).toBeUndefined()
        if (isChanged) expectChanged(called[1]!, name.slice(1))
        else expect(errorOf(called[1]!)).toBeUndefined()
      }
    })
  })

  it('one of the arrays of a scatter, and a start of a persistent collective', () => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      const rows = [new Float64Array(LONG), new Float64Array(LONG)]
      const dealt = comms.map((comm) => comm.iscatter(comm.rank === 0 ? rows : undefined))
      rows[1]![9] = 1
      flush()
      expectChanged(dealt[0]!, 'scatter')
      expect(errorOf(dealt[1]!)).toBeUndefined()

      const own = comms.map(() => new Float64Array(2))
      const sums = comms.map((comm, k) => comm.allreduceInit(own[k]!, SUM, { into: new Float64Array(2) }))
      const started = sums.map((sum) => sum.start())
      own[0]![0] = 1
      flush()
      expectChanged(started[0]!, 'allreduce')
      expect(errorOf(started[1]!)).toBeUndefined()
      for (const sum of sums) sum.free()
    })
  })

  it('a put that waits for a lock', () => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      const made = comms.map((comm) => comm.iwindow(new Float64Array(2)))
      flush()
      const [mine, theirs] = made.map(({ value }) => value!)
      const data = Float64Array.of(1)
      const kept = mine!.iput(data, { target: 1 })
      flush()
      expect(errorOf(kept)).toBeUndefined()
      const torn = mine!.iput(data, { target: 1 })
      data[0] = 2
      flush()
      expectChanged(torn, 'call on .*window.*')
      mine!.free()
      theirs!.free()
    })
  })
})

describe('what a receive is into is written to before it is done', () => {
  it.each([4, LONG])('with a message of %d elements', (count) => {
    simulate(2, { latency: 1, bytesPerMs: 1000 }, ({ comms: [zero, one], flush }) => {
      const into = new Float64Array(LONG).fill(3)
      const received = zero!.irecv({ source: 1, into })
      const sent = one!.isend(new Float64Array(count), { dest: 0 })
      into[7] = 4
      flush()
      expect(errorOf(sent)).toBeUndefined()
      expectChanged(received, 'recv', 'into: it was written to')
      expect([into[0], into[7]]).toEqual([3, 4])
    })
  })

  it('while the message is coming in', () => {
    simulate(2, { latency: 1, bytesPerMs: 100 }, ({ comms: [zero, one], cold, flush }) => {
      const into = new Float64Array(LONG)
      const received = zero!.irecv({ source: 1, into })
      one!.isend(new Float64Array(LONG).fill(1), { dest: 0 })
      cold('500ms a|').subscribe(() => {
        expect(received.settled).toBe(false)
        into[0] = 9
      })
      flush()
      expectChanged(received, 'recv', 'into: it was written to')
    })
  })

  it('by another call that was given the same memory', () => {
    simulate(2, { latency: 1 }, ({ comms, flush }) => {
      const into = new Float64Array(2)
      const received = comms[0]!.irecv({ source: 1, into })
      const sums = comms.map((comm) => comm.iallreduce(Float64Array.of(1, 2), SUM, { into: comm.rank === 0 ? into : new Float64Array(2) }))
      flush()
      comms[1]!.isend(Float64Array.of(7), { dest: 0 })
      flush()
      expect(sums.map(errorOf)).toEqual([undefined, undefined])
      expectChanged(received, 'recv', 'into: it was written to')
    })
  })

  it('unless it was cancelled, aborted or has failed by itself: then it stays as the program has it', () => {
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      const into = new Float64Array(1)
      const cancelled = zero!.irecv({ source: 1, into })
      into[0] = 1
      expect(cancelled.cancel()).toBe(true)
      const controller = new AbortController()
      const aborted = zero!.irecv({ source: 1, into, signal: controller.signal })
      into[0] = 2
      controller.abort()
      expect(errorOf(aborted)!.name).toBe('AbortError')
      const short = zero!.irecv({ source: 1, into })
      one!.isend(new Float64Array(2), { dest: 0 })
      into[0] = 3
      flush()
      expect(errorOf(short)!.name).toBe('TruncationError')
      expect([cancelled.failed, into[0]]).toEqual([false, 3])
    })
  })
})

test('what is done may be changed, and so may objects, which are encoded at the call', () => {
  simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
    const data = new Float64Array(LONG)
    const sent = zero!.isend(data, { dest: 1 })
    sent.subscribe(() => data.fill(5))
    const letter = { text: 'a'.repeat(2 ** 17) }
    const written = zero!.isend(letter, { dest: 1 })
    letter.text = ''
    const small = Float64Array.of(1)
    zero!.isend(small, { dest: 1 })
    small[0] = 2
    const into = new Float64Array(LONG)
    const received = [one!.irecv({ into }), one!.irecv<{ text: string }>(), one!.irecv<Float64Array>()] as const
    received[0].subscribe(() => into.fill(8))
    flush()
    expect([sent.failed, written.failed, received[0].failed]).toEqual([false, false, false])
    expect([received[1].value!.text.length, received[2].value![0]]).toEqual([2 ** 17, 1])
  })
})

it('a ghost of a halo is no number until its neighbour has filled it, and who writes to it meanwhile is told', () => {
  simulate(2, { leaks: 'ignore', latency: 5 }, ({ comms, cold, flush }) => {
    const halos: Halo[] = []
    for (const comm of comms) comm.icart({ dims: [2] }).subscribe((cart) => (halos[comm.rank] = cart!.halo({ sizes: [4] })))
    const arrays: Float64Array[] = []
    const exchanges: Request<Float64Array>[] = []
    const seen: unknown[] = []
    cold('100ms a|').subscribe(() => {
      for (const [k, halo] of halos.entries()) {
        arrays[k] = halo.allocate(Float64Array).fill(1)
        exchanges[k] = halo.iexchange(arrays[k]!)
      }
    })
    cold('102ms a|').subscribe(() => {
      // Nobody fills those at the ends.
      for (const [k, halo] of halos.entries()) seen.push(arrays[k]![halo.index(-1)], arrays[k]![halo.index(4)])
      arrays[1]![halos[1]!.index(-1)] = 5
    })
    flush()
    expect(seen).toEqual([1, Number.NaN, Number.NaN, 1])
    expect(errorOf(exchanges[0]!)).toBeUndefined()
    expect(arrays[0]![halos[0]!.index(4)]).toBe(1)
    const error = errorOf(exchanges[1]!)
    expect(error).toBeInstanceOf(AliasError)
    expect(error!.message).toMatch(new RegExp(`^array: a ghost was written while this halo exchange was under way, called at ${LINE};`))
  })
})
