import type { CallPicture, Picture, RankPicture } from '../../src/launch/dashboard/model/picture.js'

/** A rank of a picture of which only this matters. */
export function rankPicture(process: number, more: Partial<RankPicture> = {}): RankPicture {
  return {
    process,
    title: `${process}`,
    state: 'running',
    silent: 0,
    answered: 0,
    still: 0,
    calls: [],
    moreCalls: 0,
    events: 0,
    messages: 0,
    bytes: 0,
    queued: 0,
    unmatched: 0,
    unreceived: 0,
    last: [],
    ...more
  }
}

/** One that waits for others, and has for a while. */
export const waiting = (process: number, ...peers: number[]): RankPicture =>
  rankPicture(process, { state: 'waiting', still: 5, calls: [callPicture(...peers)] })

export const callPicture = (...peers: number[]): CallPicture => ({
  what: `in recv for rank ${peers.join()}, tag 0`,
  at: 'ring.ts:3:26',
  peers,
  any: false,
  endless: false
})

export function picture(ranks: readonly RankPicture[], more: Partial<Picture> = {}): Picture {
  return { program: 'ring.ts', args: [], began: 0, time: 1000, ranks, pairs: [], morePairs: 0, failures: [], deadlock: false, ...more }
}
