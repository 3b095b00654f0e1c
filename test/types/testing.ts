/** What the compiler promises about simulated tests. Checked by `tsc`, never run. */
import type { Observable } from 'rxjs'
import type { Communicator, Request } from 'rxmpi'
import { ExplorationError, explore, type SimulateHelpers, simulate, type Traffic } from 'rxmpi/testing'
import { expectType } from './equal.js'

expectType<number>()(simulate(2, {}, () => 7))
expectType<void>()(simulate(2, { latency: 2, bytesPerMs: 100, seed: 3, leaks: 'ignore', capacity: 1000 }, () => {}))
expectType<void>()(explore({ seeds: 200, size: 3, seed: 17, link: (from, to) => ({ latency: from + to }) }, () => 7))
simulate(2, { assert: (actual, expected) => expectType<unknown>()(actual ?? expected) }, () => {})

simulate(
  2,
  {},
  ({ ranks, comms, cold, hot, time, flush, animate, expectObservable, expectSubscriptions, expectMessages, traffic, end }) => {
    expectType<readonly Communicator[]>()(comms)
    expectType<Request<string>[]>()(ranks((comm) => comm.irecv<string>()))
    expectType<Observable<number>[]>()(ranks(() => cold('a', { a: 1 }) as Observable<number>))
    expectType<number[]>()(ranks(({ rank }) => rank))
    expectType<void>()(expectMessages(0, 1).toBe('a', { a: 1 }))
    expectType<Readonly<Traffic>>()(traffic(0, 1))
    expectType<number>()(time('--|'))
    expectType<void>()(end(1, 'has failed'))
    expectSubscriptions(cold('a').subscriptions).toBe('^')
    expectObservable(hot('a'), '^-!').toEqual(cold('a'))
    animate('x')
    flush()

    // @ts-expect-error: the link from a rank to a rank
    expectMessages(0)
  }
)

export const helper = ({ comms }: SimulateHelpers): number => comms.length
expectType<number>()(new ExplorationError(1, 'cause').seed)

// @ts-expect-error: no such option
simulate(2, { latencies: 1 }, () => {})
// @ts-expect-error: error or ignore
simulate(2, { leaks: 'warn' }, () => {})
// @ts-expect-error: the number of ranks is not an option here
simulate({ latency: 2 }, () => {})

simulate(2, {}, ({ ranks }) => {
  expectType<Request<Communicator>[]>()(ranks((comm) => comm.idup()))
  expectType<Request<Communicator | undefined>[]>()(ranks((comm) => comm.isplit(1, 0, { name: 'half' })))
  expectType<Request<Communicator | undefined>[]>()(ranks((comm) => comm.icreate(comm.group)))
  expectType<Request<Communicator>[]>()(ranks((comm) => comm.isplitType('host')))
})
