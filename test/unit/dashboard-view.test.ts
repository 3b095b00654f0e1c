import type { Log } from '../../src/diagnostics/flight-recorder.js'
import { GONE, SENT } from '../../src/diagnostics/flight-recorder.js'
import { entriesFor, JobView } from '../../src/launch/dashboard/job-view.js'
import type { ObservedJob } from '../../src/launch/protocol/job-observer.js'
import type { Observation } from '../../src/runtime/observation.js'

const call = { what: 'in recv for rank 1, tag 0', at: 'ring.ts:3:26', peers: [1], any: false, endless: false }
const idle: Observation = { calls: [], moreCalls: 0, paths: [], unreceived: 0 }

/** A job of which some ranks answer at once, and the others when it is said. */
function job(size: number, answers: (process: number) => Observation | undefined) {
  const view = new JobView({ program: 'ring.ts', args: ['fast'], began: Date.now() })
  const asked: number[] = []
  const logs = new Map<number, Log>()
  const fake: ObservedJob = {
    processes: Array.from({ length: size }, (_, process) => process),
    alive: new Set(Array.from({ length: size }, (_, process) => process)),
    titleOf: (process) => `${process}`,
    placeOf: () => ({ base: 0, host: undefined }),
    post: (process) => {
      asked.push(process)
      const answer = answers(process)
      if (answer !== undefined) view.observed(process, answer)
    },
    logOf: async (process) => logs.get(process)
  }
  view.follow(fake)
  return { view, asked, logs, alive: fake.alive as Set<number> }
}

describe('a job as those see it who look on', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000_000 }))
  afterEach(() => jest.useRealTimers())

  const look = async (view: JobView, ms = 500) => {
    const found = view.look()
    await jest.advanceTimersByTimeAsync(ms)
    return found
  }

  it('is drawn at once when all have answered', async () => {
    const path = { to: 1, messages: 3, bytes: 24, queued: 1, unmatched: 0, credit: 100 }
    const { view } = job(2, (process) => (process === 0 ? { ...idle, calls: [call], paths: [path], unreceived: 4 } : idle))
    const { ranks, pairs, program, status } = await look(view, 0)
    expect({ program, status, pairs }).toEqual({ program: 'ring.ts', status: undefined, pairs: [[0, 1, 3, 24]] })
    expect(ranks[0]).toMatchObject({ state: 'waiting', messages: 3, bytes: 24, queued: 1, unreceived: 4, credit: { bytes: 100, to: 1 } })
    expect(ranks[1]).toMatchObject({ state: 'running', calls: [] })
  })

  it('has a rank that does not answer as busy, for how long, and does not ask it again before it has', async () => {
    let isBusy = true
    const { view, asked } = job(2, (process) => (process === 1 && isBusy ? undefined : idle))
    for (let k = 0; k < 5; k++) await look(view)
    expect(asked.filter((process) => process === 1)).toHaveLength(1)
    expect((await look(view)).ranks[1]).toMatchObject({ state: 'busy', silent: 2.6 })
    isBusy = false
    view.observed(1, idle)
    expect((await look(view)).ranks[1]).toMatchObject({ state: 'running', silent: 0 })
    expect(asked.filter((process) => process === 1)).toHaveLength(2)
  })

  it('has no rank as busy that was not asked, for nobody looked', async () => {
    const { view } = job(1, () => undefined)
    await look(view)
    view.rest()
    await jest.advanceTimersByTimeAsync(60_000)
    expect((await look(view)).ranks[0]!.state).toBe('running')
  })

  it('says how long a rank has done nothing, and what it has done last', async () => {
    const { view, logs } = job(1, () => idle)
    const entry = { what: SENT, peer: 1, context: 0, tag: 7, bytes: 8, time: 5 }
    logs.set(0, { count: 41, entries: [entry], calls: [], communicators: new Map([[0, 'world']]) })
    await look(view)
    const [rank] = (await look(view, 2000)).ranks
    expect(rank!.last).toEqual([{ n: 40, time: 5, kind: 'send', peer: 1, text: "sends 8 bytes to rank 1, tag 7 on 'world'" }])
    expect((await look(view, 1000)).ranks[0]).toMatchObject({ events: 41, still: expect.closeTo(2.5, 0) })
    logs.set(0, { ...logs.get(0)!, count: 42 })
    expect((await look(view)).ranks[0]!.still).toBe(0)
  })

  it('keeps what ranks were stuck in at a deadlock, how each has ended, and the failures, to the end', async () => {
    const { view, alive } = job(2, () => ({ ...idle, calls: [call] }))
    await look(view)
    view.stuck(0, [call])
    view.failed({ kind: 'error', rank: 0, text: 'DeadlockError' })
    view.ending()
    // Its call has failed, for the other is no more.
    view.observed(1, idle)
    for (const [process, how] of [
      [0, 'failure'],
      [1, 'cut']
    ] as const) {
      alive.delete(process)
      view.ended(process, how, how === 'failure' ? 'has failed' : undefined)
    }
    const { ranks, failures, deadlock, status } = view.picture(1)
    expect(ranks.map(({ state, why, calls }) => ({ state, why, calls: calls.length }))).toEqual([
      { state: 'failed', why: 'has failed', calls: 1 },
      { state: 'cut', why: undefined, calls: 1 }
    ])
    expect({ failures, deadlock, status }).toEqual({ failures: [{ title: '0', text: 'DeadlockError' }], deadlock: true, status: 1 })
  })

  it('shows what a rank was in that fails for want of one that was cut off before it', async () => {
    const { view, alive } = job(2, () => ({ ...idle, calls: [call] }))
    await look(view)
    view.ending()
    for (const [process, how] of [
      [0, 'cut'],
      [1, 'failure']
    ] as const) {
      if (how === 'failure') view.failed({ kind: 'error', rank: process, text: 'RankFailedError' })
      alive.delete(process)
      view.ended(process, how, undefined)
    }
    expect(view.picture(1).ranks.map(({ state, calls }) => [state, calls.length])).toEqual([
      ['cut', 1],
      ['cut', 1]
    ])
  })

  it('counts as still who only hears that others are no more', async () => {
    const { view, logs } = job(1, () => ({ ...idle, calls: [call] }))
    const entry = { what: SENT, peer: 1, context: 0, tag: 0, bytes: 8, time: 0 }
    const log = { count: 1, entries: [entry], calls: [], communicators: new Map() }
    logs.set(0, log)
    await look(view, 2000)
    logs.set(0, { ...log, count: 2, entries: [entry, { ...entry, what: GONE }] })
    expect((await look(view, 2000)).ranks[0]!.still).toBeGreaterThanOrEqual(2)
    logs.set(0, { ...log, count: 3, entries: [{ ...entry, what: GONE }, entry] })
    expect((await look(view, 2000)).ranks[0]!.still).toBeLessThan(1)
  })

  it('of many ranks has few entries of each log', () => {
    expect([1, 100, 10_000].map(entriesFor)).toEqual([32, 16, 4])
  })
})
