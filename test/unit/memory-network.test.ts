import { asapScheduler, asyncScheduler, map, queueScheduler, type SchedulerLike, tap, VirtualTimeScheduler } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { HEADER } from '../../src/progress/frame.js'
import { MemoryNetwork } from '../../src/transport/memory/memory-network.js'
import type { MemoryTransport } from '../../src/transport/memory/memory-transport.js'
import type { MemoryNetworkOptions } from '../../src/transport/memory/options.js'
import type { SegmentReceiver } from '../../src/transport/transport.js'
import { memoryWorld, worldOver } from '../../testing/simulation/memory-world.js'

/** What each rank of a network is given, and when. */
function recorded(size: number, options: Partial<MemoryNetworkOptions> = {}) {
  const scheduler = new VirtualTimeScheduler()
  const network = new MemoryNetwork(size, { scheduler, ...options })
  const log: string[] = []
  for (const transport of network.transports) {
    const note = (what: string): void => void log.push(`${scheduler.now()} ${transport.rank} ${what}`)
    const receiver: SegmentReceiver = {
      segment: (source, { length }) => note(`${length} from ${source}`),
      room: (dest) => {
        note(`room to ${dest}`)
        return false
      },
      moved: (source, id, { byteLength }) => note(`buffer ${id} of ${byteLength} from ${source}`),
      gone: (other, reason) => note(`${other} ${reason}`)
    }
    transport.attach(receiver)
  }
  const send = (from: number, to: number, bytes: number): boolean => {
    if (network.transports[from]!.reserve(to, bytes) === undefined) return false
    network.transports[from]!.publish(to)
    return true
  }
  return { scheduler, network, log, send }
}

describe('a memory network', () => {
  test('takes the latency of each link', () => {
    const { scheduler, log, send } = recorded(3, { latency: 5, link: (from, to) => (from === 0 && to === 2 ? { latency: 1 } : {}) })
    send(0, 1, 8)
    send(0, 2, 8)
    scheduler.schedule(() => send(1, 2, 8), 10)
    scheduler.flush()
    expect(log).toEqual(['1 2 8 from 0', '5 1 8 from 0', '15 2 8 from 1'])
  })

  test('sends one segment after the other: n bytes take latency + n / bytesPerMs, however they are cut', () => {
    const { scheduler, log, send } = recorded(2, { latency: 3, bytesPerMs: 100 })
    for (const bytes of [1000, 200, 0, 300]) send(0, 1, bytes)
    scheduler.schedule(() => send(0, 1, 100), 2)
    scheduler.schedule(() => send(0, 1, 100), 50)
    scheduler.flush()
    expect(log).toEqual(['13 1 1000 from 0', '15 1 200 from 0', '15 1 0 from 0', '18 1 300 from 0', '19 1 100 from 0', '54 1 100 from 0'])
  })

  test('does not count the bytes of headers', () => {
    const { scheduler, log, send } = recorded(2, { bytesPerMs: 1, headerBytes: 24 })
    for (const bytes of [24, 25, 10, 30]) send(0, 1, bytes)
    scheduler.flush()
    expect(log).toEqual(['0 1 24 from 0', '1 1 25 from 0', '1 1 10 from 0', '7 1 30 from 0'])
  })

  test('has no more than its capacity under way, and says when there is room', () => {
    const { scheduler, log, send } = recorded(2, { latency: 2, capacity: 1000 })
    expect([send(0, 1, 500), send(0, 1, 400), send(0, 1, 101), send(1, 0, 992)]).toEqual([true, true, false, true])
    scheduler.flush()
    expect(log).toEqual(['2 1 500 from 0', '2 1 400 from 0', '2 0 992 from 1', '2 0 room to 1'])
    expect(send(0, 1, 992)).toBe(true)
  })

  test('hands over buffers without counting their bytes', () => {
    const { scheduler, network, log, send } = recorded(2, { latency: 2, bytesPerMs: 1, capacity: 1000 })
    network.transports[0]!.move!(1, 7, new ArrayBuffer(2 ** 20))
    send(0, 1, 1)
    scheduler.flush()
    expect(log).toEqual(['2 1 buffer 7 of 1048576 from 0', '3 1 1 from 0'])
  })

  test('tells the others that a rank has ended, each after what it sent them, and takes nothing of it any more', () => {
    const { scheduler, network, log, send } = recorded(3, { latency: 1, bytesPerMs: 10 })
    send(1, 0, 100)
    send(0, 1, 10)
    network.end(1, 'has failed')
    send(1, 2, 10)
    network.end(1, 'has failed again')
    scheduler.flush()
    expect(log).toEqual(['1 2 1 has failed', '11 0 100 from 1', '11 0 1 has failed'])
  })

  test('never delivers on a link that is cut', () => {
    const { scheduler, log, send } = recorded(2, { link: (from) => (from === 0 ? { latency: Number.POSITIVE_INFINITY } : {}) })
    send(0, 1, 8)
    send(1, 0, 8)
    scheduler.flush()
    expect(log).toEqual(['0 0 8 from 1'])
  })

  test('orders what arrives at the same time as it is told, but never the segments of one rank', () => {
    const places = [5, 4, 1, 2]
    const { scheduler, log, send } = recorded(3, { order: () => places.shift()! })
    send(1, 0, 8)
    send(1, 0, 16)
    send(2, 0, 24)
    send(2, 0, 32)
    scheduler.flush()
    expect(log).toEqual(['0 0 24 from 2', '0 0 32 from 2', '0 0 8 from 1', '0 0 16 from 1'])
  })

  test('lets ranks take turns where nothing takes time', () => {
    const scheduler = new VirtualTimeScheduler()
    const [a, b] = memoryWorld(2, { scheduler })
    const log: string[] = []
    a!.messages<number>({ source: 0 }).subscribe(({ data }) => {
      log.push(`self ${data}`)
      if (data < 3) a!.isend(data + 1, { dest: 0 })
    })
    b!.messages<number>().subscribe(({ data }) => log.push(`other ${data}`))
    a!.isend(0, { dest: 0 })
    for (const data of [0, 1]) a!.isend(data, { dest: 1 })
    scheduler.flush()
    expect(log).toEqual(['self 0', 'other 0', 'other 1', 'self 1', 'self 2', 'self 3'])
  })

  test('asks the scheduler once for all that arrives at one time', () => {
    const scheduler = new VirtualTimeScheduler()
    const schedule = jest.spyOn(scheduler, 'schedule')
    const comms = memoryWorld(100, { scheduler, latency: 1 })
    for (const comm of comms) {
      comm.irecv<number>().subscribe((hops) => {
        if (hops < 5) comm.isend(hops + 1, { dest: (comm.rank + hops) % 100 })
      })
      comm.isend(1, { dest: comm.rank })
    }
    scheduler.flush()
    expect(scheduler.now()).toBe(2)
    expect(schedule).toHaveBeenCalledTimes(2)
  })

  test('shows every segment to an observer', () => {
    const scheduler = new VirtualTimeScheduler()
    const seen: unknown[] = []
    const [a, b] = memoryWorld(2, {
      scheduler,
      latency: 2,
      observe: ({ from, to, time, segment }) => seen.push([from, to, time, segment!.length - HEADER])
    })
    b!.irecv()
    a!.isend(new Uint8Array(100), { dest: 1 })
    scheduler.flush()
    expect(seen).toEqual([[0, 1, 2, 100]])
  })

  test.each([
    ['size', 0, {}],
    ['size', 1.5, {}],
    ['capacity', 2, { capacity: 63 }],
    ['capacity', 2, { capacity: Number.NaN }],
    ['latency', 2, { latency: -1 }],
    ['bytesPerMs', 2, { bytesPerMs: 0 }]
  ] as const)('refuses a bad %s', (name, size, options) => {
    expect(() => new MemoryNetwork(size, { scheduler: asapScheduler, ...options })).toThrow(
      expect.objectContaining({ name: 'ArgumentError', message: expect.stringContaining(`${name}:`) })
    )
  })
})

describe('a link', () => {
  test('that is no good is refused when it is used first, for of very many ranks few pairs ever talk', () => {
    const network = new MemoryNetwork(10_000, { scheduler: asapScheduler, link: () => ({ latency: Number.NaN }) })
    expect(() => network.transports[0]!.reserve(1, 8)).toThrow(
      expect.objectContaining({ name: 'ArgumentError', message: expect.stringContaining('latency:') })
    )
  })
})

describe('a world on it', () => {
  test('runs in marble diagrams', () => {
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ cold, expectObservable }) => {
      const [a, b] = memoryWorld(2, { scheduler: asyncScheduler, latency: 2 })
      const sent = cold('  a--b-c|').pipe(tap((data) => a!.isend(data, { dest: 1 })))
      const received = b!.messages<string>().pipe(map(({ data }) => data))
      expectObservable(sent).toBe('    a--b-c|')
      expectObservable(received).toBe('--a--b-c')
    })
  })

  test('of ten thousand ranks keeps only what those that talk need', () => {
    const scheduler = new VirtualTimeScheduler()
    const observed: number[] = []
    const network = new MemoryNetwork(10_000, { scheduler, latency: 1, observe: ({ to }) => observed.push(to) })
    const comms = worldOver(network.transports)
    const times: number[] = []
    const pass = (rank: number): void => {
      comms[rank]!.irecv<number>().subscribe((hops) => {
        times.push(scheduler.now())
        if (rank < 9_999) comms[rank]!.isend(hops + 1, { dest: rank + 1 })
      })
    }
    for (let rank = 1; rank < 10_000; rank++) pass(rank)
    comms[0]!.isend(1, { dest: 1 })
    scheduler.flush()
    expect(times).toEqual(Array.from({ length: 9_999 }, (_, hop) => hop + 1))
    expect(observed).toHaveLength(9_999)
    expect(new Set(network.transports.map((transport) => (transport as MemoryTransport).incoming.length))).toEqual(new Set([0, 1]))
  })

  test('takes latency and bandwidth for a large message: its envelope, the answer, its data', () => {
    const scheduler = new VirtualTimeScheduler()
    const [a, b] = memoryWorld(2, { scheduler, latency: 2, bytesPerMs: 1000 })
    const times: number[] = []
    b!.irecv().subscribe(() => times.push(scheduler.now()))
    a!.isend(new Uint8Array(100_000), { dest: 1 }).subscribe(() => times.push(scheduler.now()))
    scheduler.flush()
    expect(times).toEqual([4, 106])
  })

  test.each([
    ['asapScheduler', asapScheduler],
    ['asyncScheduler', asyncScheduler]
  ])('runs on the %s', async (_, scheduler: SchedulerLike) => {
    const [a, b] = memoryWorld(2, { scheduler, latency: 1 })
    const received = b!.recv<Uint8Array>()
    await a!.send(new Uint8Array(300_000).fill(7), { dest: 1 })
    expect((await received).every((byte) => byte === 7)).toBe(true)
  })

  test('runs within an action of the queueScheduler', () => {
    const got: unknown[] = []
    queueScheduler.schedule(() => {
      const [a, b] = memoryWorld(2, { scheduler: queueScheduler })
      b!.irecv().subscribe((value) => got.push(value))
      a!.isend(new Uint16Array(100_000), { dest: 1 }).subscribe({ complete: () => got.push('sent') })
      expect(got).toEqual([])
    })
    expect(got).toEqual(['sent', new Uint16Array(100_000)])
  })

  test('goes on by polling outside an action of the queueScheduler', () => {
    const [a, b] = memoryWorld(2, { scheduler: queueScheduler })
    a!.isend('here', { dest: 1 })
    expect(b!.iprobe()?.source).toBe(0)
    const request = b!.irecv()
    expect(request.value).toBe('here')
  })
})
