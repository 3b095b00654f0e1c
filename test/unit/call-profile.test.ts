import { channel } from 'node:diagnostics_channel'
import type { CallSite } from '../../src/diagnostics/call-site.js'
import { profileReport } from '../../src/launch/cli/profile-report.js'
import { COLLECTIVES, CONTROL, MESSAGES } from '../../src/progress/context-ids.js'
import type { Endpoint } from '../../src/progress/endpoint.js'
import { CallProfile, type RankProfile } from '../../src/trace/call-profile.js'
import { Profiler } from '../../src/trace/profiler.js'

const profiler = new Profiler()
/** As of a call at that line. */
const at = (line: number): { stack: string } => ({ stack: `Error\n    at main (/home/me/ring.ts:${line}:5)` })
const sites = [at(3), at(9)] as const
/** A profile needs of an endpoint who its numbers are. */
const endpoint = { processes: undefined } as Endpoint
const contexts: Record<string, number> = { message: MESSAGES, collective: COLLECTIVES, control: CONTROL }
const receive = (time: number, waited: number | undefined, site?: CallSite, to = profiler): void =>
  to.received(endpoint, MESSAGES, time, waited ?? -1, site)
const send = (to: number, bytes: number, kind = 'message'): void => profiler.sent(endpoint, contexts[kind]!, to, bytes, sites[0])

describe('the profile of a rank', () => {
  it('adds up calls by place, with exact sums where places are estimates, and time that is waited for twice once', () => {
    // Those whose place is seen stand for the others.
    receive(10, 4, sites[0])
    receive(12, 6)
    receive(20, 2, sites[1])
    receive(21, 12, sites[0])
    receive(22, undefined, sites[1])
    channel('rxmpi:collective').publish({ phase: 'end', name: 'barrier', time: 30, duration: 5, site: sites[1] })
    send(1, 8)
    send(1, 100, 'collective')
    send(1, 1000, 'control')
    const { waited, isEstimate, places, sent } = profiler.profile()
    // 6 to 12, 9 to 21 of which 12 to 21 is new, and 25 to 30.
    expect(waited).toBeCloseTo(6 + 9 + 5)
    expect(isEstimate).toBe(true)
    const recv = places.filter(({ call }) => call === 'recv')
    expect(recv.map(({ place }) => place)).toEqual(['/home/me/ring.ts:3:5', '/home/me/ring.ts:9:5'])
    expect(recv.map(({ count }) => count)).toEqual([2, 2])
    expect(recv.reduce((sum, { total }) => sum + total, 0)).toBeCloseTo(4 + 6 + 2 + 12)
    expect(places.filter(({ call }) => call !== 'recv')).toEqual([
      { place: '/home/me/ring.ts:9:5', call: 'messages', count: 1, total: 0, waited: 0 },
      { place: '/home/me/ring.ts:9:5', call: 'barrier', count: 1, total: 5, waited: 5 },
      { place: '/home/me/ring.ts:3:5', call: 'send', count: 1, total: 0, waited: 0 }
    ])
    expect(sent).toEqual([{ to: 1, messages: 2, bytes: 108 }])
  })

  it('is an estimate, too, where only the last calls are of unknown places', () => {
    const later = new Profiler()
    receive(10, 4, sites[0], later)
    expect(later.profile().isEstimate).toBe(false)
    receive(12, 6, undefined, later)
    expect(later.profile()).toMatchObject({ isEstimate: true, places: [{ count: 2 }] })
  })
})

describe('the report', () => {
  const rank = (waited: number, to: number): RankProfile => ({
    time: 100,
    waited,
    isEstimate: false,
    places: [{ place: 'ring.ts:3:5', call: 'recv', count: 2, total: 20, waited }],
    sent: [{ to, messages: 3, bytes: 24 }]
  })

  it('says what all ranks call, how long each waits, who is slowest, and who sends how much to whom', () => {
    const profile = new CallProfile()
    profile.add(1, '1', rank(5, 0))
    profile.add(0, '0', rank(15, 1))
    expect(profileReport(profile)).toEqual([
      '',
      'WHERE      CALL  COUNT  TOTAL   MEAN  WAITED',
      'ring.ts:3  recv      4  40 ms  10 ms   20 ms',
      '',
      'RANK    TIME  WAITED  SHARE   REST',
      '0     100 ms   15 ms   15 %  85 ms',
      '1     100 ms    5 ms    5 %  95 ms',
      'slowest: rank 1, which was busy for 95 ms, the others for 85 ms on average',
      '',
      'FROM \\ TO     0     1   ALL',
      '0             .  24 B  24 B',
      '1          24 B     .  24 B',
      '6 messages, 48 B'
    ])
  })

  it('puts many ranks together', () => {
    const profile = new CallProfile()
    for (let k = 0; k < 40; k++) profile.add(k, String(k), rank(k, (k + 1) % 40))
    const lines = profileReport(profile)
    expect(lines).toContain('and 24 between these')
    expect(lines.find((line) => line.startsWith('FROM'))).toMatch(/^FROM \\ TO +0-2 +3-5 .* 39 +ALL$/)
    expect(lines.find((line) => line.startsWith('0-2 '))).toMatch(/^0-2 +48 B +24 B +\. .* 72 B$/)
  })

  it('says when there is nothing to tell', () => {
    expect(profileReport(new CallProfile())).toEqual(['', expect.stringContaining('no rank has ended by itself')])
  })
})
