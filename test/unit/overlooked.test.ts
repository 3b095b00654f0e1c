import { forkJoin, of, take } from 'rxjs'
import { ANY_SOURCE, PROC_NULL } from '../../src/constants.js'
import { Overlooked, OverlookedCalls } from '../../src/progress/overlooked.js'
import { Request } from '../../src/request/request.js'
import { type SimulateHelpers, simulate } from '../../testing/index.js'

/** What `simulate` says is left of a test; empty where nothing is. */
function left(test: (helpers: SimulateHelpers) => void): string[] {
  try {
    simulate(2, { latency: 1 }, test)
    return []
  } catch (error) {
    return (error as Error).message.split('\n').filter((line) => line.includes('never looked at'))
  }
}

const line = (what: string): unknown =>
  expect.stringMatching(`^ {2}rank \\d never looked at ${what}, at test/unit/overlooked\\.test\\.ts:\\d+:\\d+$`)

test('a receive that nobody looks at is left over, with whose message it got, whether it had to wait or not', () => {
  const lines = left(({ comms: [zero, one], flush }) => {
    one!.irecv({ source: ANY_SOURCE })
    zero!.isend(1, { dest: 1, tag: 4 })
    zero!.isend(2, { dest: 1, tag: 5 })
    flush()
    one!.irecv({ into: undefined })
  })
  expect(lines).toEqual([line('irecv from rank 0, tag 4'), line('irecv from rank 0, tag 5')])
})

test('so are a collective, an exchange, a start of a persistent receive, and what a probe has found', () => {
  const lines = left(({ comms, flush }) => {
    const [zero, one] = comms
    for (const comm of comms) comm.iallreduce(1)
    for (const comm of comms) comm.isendrecv('a', { dest: 1 - comm.rank, source: 1 - comm.rank })
    const again = one!.recvInit({ source: 0, tag: 1, into: new Float64Array(1) })
    again.start()
    zero!.isend(Float64Array.of(1), { dest: 1, tag: 1 })
    zero!.isend('b', { dest: 1, tag: 2 })
    flush()
    one!.improbe({ tag: 2 })!.irecv()
  })
  expect(lines).toEqual(
    [
      ['allreduce', 'isendrecv from rank 1, tag 0'],
      ['allreduce', 'isendrecv from rank 0, tag 0', 'irecv from rank 0, tag 1', 'irecv from rank 0, tag 2']
    ].flatMap((all) => all.map(line))
  )
})

test('and a message that a probe has taken', () => {
  const test = (isReceived: boolean) => (): void =>
    simulate(2, { latency: 1 }, ({ comms: [zero, one], flush }) => {
      zero!.isend('a', { dest: 1, tag: 2 })
      flush()
      const message = one!.improbe<string>()!
      if (isReceived) expect(message.irecv().value).toBe('a')
    })
  expect(test(false)).toThrow(/^ {2}rank 1 never received the message of rank 0, tag 2, at test\/unit\/overlooked/m)
  expect(test(true)).not.toThrow()
})

test.each<[string, (request: Request<unknown>) => unknown]>([
  ['wait', (request) => void request.wait()],
  ['test', (request) => request.test()],
  ['testAll', (request) => Request.testAll([request])],
  ['waitAny', (request) => void Request.waitAny([request])],
  ['a subscription', (request) => request.subscribe()],
  ['forkJoin', (request) => forkJoin([request, of(1)]).subscribe()],
  ['take(1)', (request) => request.pipe(take(1)).subscribe()],
  ['value', (request) => request.value],
  ['status', (request) => request.status ?? request.value],
  ['cancel, in time or too late', (request) => request.cancel() || request.test()]
])('%s looks at it, before it is complete and after', (_, look) => {
  expect(
    left(({ comms, flush }) => {
      const [zero, one] = comms
      const early = one!.irecv({ tag: 0 })
      const [sum, other] = comms.map((comm) => comm.iallreduce(1))
      look(other!)
      const isCancelled = _.startsWith('cancel')
      if (!isCancelled) look(early)
      for (const tag of [0, 1]) zero!.isend('a', { dest: 1, tag })
      const late = one!.irecv({ tag: 1 })
      flush()
      for (const request of [early, late, sum!, other!]) look(request)
    })
  ).toEqual([])
})

test('nothing is left of sends, of what was cancelled or comes from nobody, and of what is given back', () => {
  expect(
    left(({ comms: [zero, one], ranks, flush }) => {
      zero!.isend('a', { dest: 1 })
      zero!.isend(new Float64Array(2 ** 16), { dest: 1 })
      one!.messages().pipe(take(2)).subscribe()
      one!.irecv({ tag: 9 }).cancel()
      one!.irecv({ source: PROC_NULL })
      ranks((comm) => comm.ibarrier())
      flush()
    })
  ).toEqual([])
  const [sum] = simulate(2, {}, ({ comms }) => comms.map((comm) => comm.iallreduce(1)))
  expect(sum!.value).toBe(2)
})

test('a thousand that are looked at later leave no trace, and of a million that are not some are kept', () => {
  const calls = new OverlookedCalls()
  const note = (): Overlooked => new Overlooked('receive', undefined, () => '')
  const notes = Array.from({ length: 1000 }, note)
  for (const one of notes) calls.add(one)
  for (const one of notes) one.see()
  expect([...calls]).toEqual([])
  for (let k = 0; k < 1e6; k++) calls.add(note())
  expect([...calls]).toHaveLength(2 ** 16)
})
